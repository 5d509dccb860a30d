#include "policy/plugins/prompt_compression.h"

#include <cmath>
#include <random>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/language/language.h"

namespace wattline::policy {
namespace {

using testing::HasSubstr;
using testing::Not;

std::vector<std::string> pieces(std::string_view text, std::size_t longest = 1000) {
  std::vector<std::string> out;
  for (const auto& p : sentences_of(text, longest)) out.emplace_back(p.of(text));
  return out;
}

TEST(Sentences, EndWhereTheyEnd) {
  using testing::ElementsAre;
  EXPECT_THAT(pieces("One. Two! Three?\nFour"), ElementsAre("One.", "Two!", "Three?", "Four"));
  EXPECT_THAT(pieces("He said \"no.\" Then left (at last.) Home"),
              ElementsAre("He said \"no.\"", "Then left (at last.)", "Home"));
  EXPECT_THAT(pieces("3.14 is pi, v1.2 too"), ElementsAre("3.14 is pi, v1.2 too"));
  EXPECT_THAT(pieces("你好。再见！"), ElementsAre("你好。", "再见！"));
  EXPECT_THAT(pieces(" \n\t "), testing::IsEmpty());
  EXPECT_THAT(pieces("aaa bbb ccc", 8), ElementsAre("aaa bbb", "ccc"));
}

TEST(Sentences, NothingButSpaceIsLost) {
  std::mt19937 random(3);
  const std::string_view letters = "ab. \n!\xe4\xbd\xa0\xff";
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (int i = 0; i < 60; ++i) text += letters[random() % letters.size()];
    std::string joined, plain;
    std::size_t at = 0;
    for (const auto& p : sentences_of(text, 10)) {
      ASSERT_LE(at, p.begin);
      ASSERT_LE(p.end - p.begin, 10u);
      at = p.end;
      joined += p.of(text);
    }
    const auto spaceless = [](std::string s) {
      std::erase_if(s, [](char c) { return c == ' ' || c == '\n'; });
      return s;
    };
    EXPECT_EQ(spaceless(joined), spaceless(text));
  }
}

// n sentences on one subject, the k-th on another.
std::string passage(int n, int odd = -1) {
  std::string out;
  for (int i = 0; i < n; ++i)
    out += i == odd ? "Quantum chromodynamics binds quarks with gluons of eight colours. "
                    : fmt::format("The river number {} flows past the old town and its market. ", i);
  return out;
}

TEST(PromptCompression, ShortTextsAreLeftAlone) {
  const std::string text = "Short. Very short.";
  const auto c = compress_prompt(text);
  EXPECT_FALSE(c.compressed);
  EXPECT_EQ(c.text, text);
  EXPECT_EQ(c.tokens_before, 5u);
}

TEST(PromptCompression, KeepsBeginEndAndWhatTells) {
  CompressionOptions o;
  o.target_tokens = 300;
  const auto c = compress_prompt(passage(100, 57), o);
  EXPECT_TRUE(c.compressed);
  EXPECT_LE(c.tokens_after, 300u);
  EXPECT_GT(c.tokens_after, 270u);
  for (const char* there : {"number 0 ", "number 1 ", "number 2 ", "number 98 ", "number 99 ", "chromodynamics"})
    EXPECT_THAT(c.text, HasSubstr(there));
  EXPECT_LT(c.text.find("number 2 "), c.text.find("chromodynamics"));
  EXPECT_LT(c.text.find("chromodynamics"), c.text.find("number 98 "));
}

// The four parts as the specification has them, on a text small enough to work them out otherwise.
TEST(PromptCompression, TheScoreIsTheSpecifications) {
  CompressionOptions o;
  o.target_tokens = 16;
  const std::string text =
      "Red fish swim fast. Blue fish swim slow. Old cars rust. Red cars rust fast in the rain. Done.";
  const auto c = compress_prompt(text, o);
  ASSERT_EQ(c.sentences.size(), 5u);
  // Dense matrices, straight from the definitions.
  const std::vector<std::vector<double>> x = {// red fish swim fast blue slow old cars rust in the rain done
                                              {1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0},
                                              {0, 1, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0},
                                              {0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0},
                                              {1, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1, 1, 0},
                                              {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
  const auto cosine = [&](const std::vector<double>& a, const std::vector<double>& b) {
    double ab = 0, aa = 0, bb = 0;
    for (std::size_t k = 0; k < a.size(); ++k) ab += a[k] * b[k], aa += a[k] * a[k], bb += b[k] * b[k];
    return ab / std::sqrt(aa * bb);
  };
  double w[5][5], degree[5] = {};
  for (int i = 0; i < 5; ++i)
    for (int j = 0; j < 5; ++j) {
      w[i][j] = i == j ? 0 : cosine(x[static_cast<std::size_t>(i)], x[static_cast<std::size_t>(j)]);
      degree[i] += w[i][j];
    }
  std::vector<double> rank(5, 0.2);
  for (int round = 0; round < 100; ++round) {
    std::vector<double> next(5, 0.15 / 5);
    for (int i = 0; i < 5; ++i)
      for (int j = 0; j < 5; ++j)
        if (degree[j] > 0)
          next[static_cast<std::size_t>(i)] += 0.85 * w[j][i] / degree[j] * rank[static_cast<std::size_t>(j)];
    rank = next;
  }
  const double most = *std::max_element(rank.begin(), rank.end());
  std::vector<double> idf_sum(5, 0), centre(13, 0);
  for (std::size_t i = 0; i < 5; ++i) {
    double words = 0;
    for (std::size_t k = 0; k < 13; ++k) {
      double df = 0;
      for (const auto& row : x) df += row[k] > 0 ? 1 : 0;
      idf_sum[i] += x[i][k] * std::log(1 + 5 / df);
      words += x[i][k];
    }
    idf_sum[i] /= words;
    for (std::size_t k = 0; k < 13; ++k) centre[k] += x[i][k] / std::sqrt(words);
  }
  const double most_idf = *std::max_element(idf_sum.begin(), idf_sum.end());
  for (std::size_t i = 0; i < 5; ++i) {
    const auto& s = c.sentences[i];
    EXPECT_NEAR(s.textrank, rank[i] / most, 2e-3) << i;
    EXPECT_NEAR(s.position, 1 - 0.5 * std::sin(M_PI * static_cast<double>(i) / 4), 1e-9);
    EXPECT_NEAR(s.tf_idf, idf_sum[i] / most_idf, 1e-9);
    EXPECT_NEAR(s.novelty, 1 - cosine(x[i], centre), 1e-9);
    EXPECT_NEAR(s.score, 0.20 * s.textrank + 0.40 * s.position + 0.35 * s.tf_idf + 0.05 * s.novelty, 1e-12);
  }
}

TEST(PromptCompression, OddTextsEnd) {
  CompressionOptions o;
  o.target_tokens = 16;
  for (const std::string& text :
       {std::string(5000, 'x'), std::string(5000, ' '), std::string(5000, '.'), std::string(5000, '\xff'),
        std::string(5000, '\n'), "a" + std::string(4000, ' ') + "b"}) {
    const auto c = compress_prompt(text, o);
    EXPECT_LE(c.text.size(), 64u);
    EXPECT_TRUE(text.size() < 65 || c.tokens_after <= 16) << text.substr(0, 3);
  }
  // Of very many sentences an even sample is looked at, the first and the last among it.
  const auto many = compress_prompt(passage(3000), o);
  EXPECT_EQ(many.sentences.size(), 500u);
  CompressionOptions all;
  all.target_tokens = 100;
  EXPECT_THAT(compress_prompt(passage(3000), all).text, HasSubstr("number 2999 "));
}

TEST(PromptCompression, IsReadFromAPolicy) {
  const auto read = [](const std::string& toml, std::vector<Finding>& f) {
    return prompt_compression_of(read_policy(toml, "p.toml", Language::toml).main, f);
  };
  std::vector<Finding> none;
  const auto o = read("[routing]\nprompt_compression = { target_tokens = 100, position_weight = 0.5 }\n", none);
  ASSERT_TRUE(o);
  EXPECT_EQ(o->target_tokens, 100u);
  EXPECT_EQ(o->position, 0.5);
  EXPECT_FALSE(read("[routing]\nstrategy = \"priority\"\n", none));
  EXPECT_FALSE(read("[routing]\nprompt_compression = { enabled = false }\n", none));
  EXPECT_TRUE(none.empty()) << none[0].message;
  std::vector<Finding> bad;
  read("[routing]\nprompt_compression = { target_tokens = 1, weigth = 2 }\n", bad);
  ASSERT_EQ(bad.size(), 2u);
  EXPECT_EQ(bad[0].code, "out-of-range");
  EXPECT_EQ(bad[1].code, "unknown-field");
  read("[routing]\nprompt_compression = 100\n", bad);
  EXPECT_EQ(bad.back().code, "wrong-type");
}

}  // namespace
}  // namespace wattline::policy
