#include "text/soft_keywords.h"

#include <cmath>
#include <random>

#include <gmock/gmock.h>

#include "kernel/command_testing.h"
#include "text/utf8.h"

namespace wattline::text {
namespace {

using ::testing::HasSubstr;
using tests::message_of;

// The textbook's table, in full.
std::uint32_t plain_distance(const std::u32string& a, const std::u32string& b) {
  std::vector<std::uint32_t> row(b.size() + 1);
  for (std::uint32_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::uint32_t i = 1; i <= a.size(); ++i) {
    std::uint32_t diagonal = row[0];
    row[0] = i;
    for (std::uint32_t j = 1; j <= b.size(); ++j) {
      const std::uint32_t up = row[j];
      row[j] = std::min({up + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = up;
    }
  }
  return row[b.size()];
}

TEST(EditPattern, AgreesWithThePlainTable) {
  std::mt19937 random(3);
  const std::u32string letters = U"abcé证";
  for (int round = 0; round < 2000; ++round) {
    std::u32string a, b;
    std::string a8, b8;
    for (auto n = random() % (round % 10 == 0 ? 65 : 9); n > 0; --n) a += letters[random() % 5];
    for (const char32_t c : a) append_utf8(c, a8);
    for (auto n = random() % 12; n > 0; --n) b += letters[random() % 5];
    for (const char32_t c : b) append_utf8(c, b8);
    EXPECT_EQ(EditPattern(a8).distance(b8), plain_distance(a, b)) << a8 << " | " << b8;
  }
}

TEST(EditPattern, SimilarityIsAPercentage) {
  EXPECT_DOUBLE_EQ(EditPattern("urgent").similarity("urgent"), 100);
  EXPECT_NEAR(EditPattern("urgent").similarity("urgnt"), 83.3333, 1e-3);
  EXPECT_DOUBLE_EQ(EditPattern("").similarity(""), 100);
  EXPECT_DOUBLE_EQ(EditPattern("ab").similarity(""), 0);
  EXPECT_THAT(message_of([] { EditPattern(std::string(65, 'a')); }), HasSubstr("64"));
}

TEST(EditPattern, TwoMeaningsOfOneNumberAreTwoTypes) {
  const EditPattern urgent("urgent");
  EXPECT_TRUE(urgent.within("urgnt", SimilarityPercent{82}));
  EXPECT_FALSE(urgent.within("argnt", SimilarityPercent{82}));
  EXPECT_TRUE(urgent.within("argnt", EditLimit{2}));
  // However large the limit, an unrelated word is not the keyword.
  EXPECT_FALSE(urgent.within("banana", EditLimit{82}));
  EXPECT_FALSE(EditPattern("no").within("at", EditLimit{2}));
}

TEST(Trigrams, JaccardOfSets) {
  EXPECT_DOUBLE_EQ(Trigrams("night").jaccard(Trigrams("night")), 1);
  EXPECT_DOUBLE_EQ(Trigrams("abc").jaccard(Trigrams("xyz")), 0);
  EXPECT_DOUBLE_EQ(Trigrams("").jaccard(Trigrams("")), 0);
  EXPECT_DOUBLE_EQ(Trigrams("").jaccard(Trigrams("abc")), 0);
  // " ab", "abc", "bc " and " ab", "abd", "bd ": one of five.
  EXPECT_DOUBLE_EQ(Trigrams("abc").jaccard(Trigrams("abd")), 0.2);
  EXPECT_EQ(Trigrams("a").size(), 1u);
  EXPECT_EQ(Trigrams("aaaaaaaa").size(), 3u);
  EXPECT_DOUBLE_EQ(Trigrams("中").jaccard(Trigrams("中")), 1);
}

KeywordHit ask(const SoftMethod& method, std::vector<std::string> keywords, std::string_view text,
               KeywordOperator op = KeywordOperator::any) {
  SoftKeywords::Scratch scratch;
  return SoftKeywords({"r", std::move(keywords), op}, method).match(text, scratch);
}

TEST(SoftKeywords, FuzzyFindsMisspeltWordsAndPhrases) {
  EXPECT_TRUE(ask(SimilarityPercent{}, {"credit card"}, "my CREDITT card was stolen").matched);
  EXPECT_FALSE(ask(SimilarityPercent{}, {"credit card"}, "my edit cart").matched);
  EXPECT_TRUE(ask(EditLimit{}, {"password", "login"}, "I forgot my pasword").matched);
  EXPECT_EQ(ask(EditLimit{}, {"password", "login"}, "pasword, lgin").found, 2u);
  EXPECT_FALSE(ask(EditLimit{}, {"password"}, "").matched);
  EXPECT_TRUE(ask(EditLimit{0}, {"证明"}, "请证明它").matched);
}

TEST(SoftKeywords, TrigramsTakeInflections) {
  EXPECT_TRUE(ask(JaccardThreshold{}, {"deployment"}, "we were deploying deployments").matched);
  EXPECT_FALSE(ask(JaccardThreshold{}, {"deployment"}, "we went home").matched);
  EXPECT_TRUE(ask(JaccardThreshold{}, {"spam"}, "ham and eggs", KeywordOperator::none).matched);
}

TEST(SoftKeywords, Bm25NeedsAWordOfContent) {
  EXPECT_TRUE(ask(Bm25Threshold{}, {"fix the bug", "write code"}, "There is a bug in my parser").matched);
  EXPECT_FALSE(ask(Bm25Threshold{}, {"fix the bug", "write code"}, "the sun and the moon").matched);
  EXPECT_EQ(ask(Bm25Threshold{}, {"fix the bug", "write code"}, "bug code").found, 2u);
  EXPECT_TRUE(ask(Bm25Threshold{}, {"to be or not to be"}, "to be").matched);
  EXPECT_FALSE(ask(Bm25Threshold{}, {"debug", "code"}, "code", KeywordOperator::all).matched);
}

TEST(SoftKeywords, ScratchIsSharedBetweenRules) {
  SoftKeywords::Scratch scratch;
  const SoftKeywords one({"a", {"alpha", "beta"}}, Bm25Threshold{}), two({"b", {"gamma"}}, Bm25Threshold{});
  EXPECT_TRUE(one.match("beta", scratch).matched);
  EXPECT_FALSE(two.match("beta", scratch).matched);
  EXPECT_TRUE(two.match("gamma", scratch).matched);
  EXPECT_FALSE(one.match("gamma", scratch).matched);
}

TEST(SoftKeywords, NumbersOnTheWrongScaleAreErrors) {
  const auto build = [](SoftMethod m, std::vector<std::string> keywords = {"word"}) {
    return message_of([&] { SoftKeywords({"r", keywords}, m); });
  };
  EXPECT_THAT(build(EditLimit{82}), HasSubstr("percentage"));
  EXPECT_THAT(build(SimilarityPercent{101}), HasSubstr("0 to 100"));
  EXPECT_THAT(build(JaccardThreshold{40}), HasSubstr("0 to 1"));
  EXPECT_THAT(build(Bm25Threshold{-1}), HasSubstr("0 or more"));
  EXPECT_THAT(build(JaccardThreshold{std::nan("")}), HasSubstr("scale"));
  EXPECT_THAT(build(EditLimit{2}, {"?!"}), HasSubstr("no word"));
  EXPECT_THAT(build(EditLimit{2}, {}), HasSubstr("without keywords"));
  EXPECT_THAT(build(EditLimit{2}, {std::string(70, 'x')}), HasSubstr("64"));
  EXPECT_THAT(build(EditLimit{2}, {"\xFF"}), HasSubstr("UTF-8"));
}

TEST(Bm25, ScoresByTheFormula) {
  const std::vector<std::string_view> documents = {"the cat sat", "the dog sat down", "a bird"};
  const Bm25 index(documents, {1.2, 0.75});
  std::vector<float> scores(3);
  Bm25::Scratch scratch;
  index.score("Cat cat? the zebra", scores, scratch);
  const double mean = 3, norm = 1.2 * (1 - 0.75 + 0.75 * 3 / mean);
  const double cat = std::log(1 + 2.5 / 1.5) * 2.2 / (1 + norm), the = std::log(1 + 1.5 / 2.5) * 2.2 / (1 + norm);
  EXPECT_NEAR(scores[0], cat + the, 1e-6);
  EXPECT_GT(scores[1], 0);
  EXPECT_LT(scores[1], the);
  EXPECT_EQ(scores[2], 0);
  index.score("", scores, scratch);
  EXPECT_THAT(scores, ::testing::Each(0.0f));
}

TEST(Bm25, EmptySetsAndTexts) {
  std::vector<float> none;
  Bm25::Scratch scratch;
  Bm25().score("x", none, scratch);
  const std::vector<std::string_view> blank = {"", "?!"};
  std::vector<float> scores(2);
  Bm25(blank).score("x", scores, scratch);
  EXPECT_THAT(scores, ::testing::Each(0.0f));
  EXPECT_THAT(message_of([&] { Bm25(blank, {-1, 0.75}); }), HasSubstr("k1"));
  EXPECT_THAT(message_of([&] { Bm25(blank, {1.2, 75}); }), HasSubstr("0 to 1"));
}

}  // namespace
}  // namespace wattline::text
