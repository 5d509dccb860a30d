#include "text/keyword_matcher.h"

#include <random>

#include <gmock/gmock.h>
#include <re2/re2.h>

#include "kernel/command_testing.h"
#include "kernel/error.h"
#include "text/aho_corasick.h"
#include "text/fold.h"
#include "text/units.h"

namespace wattline::text {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using tests::message_of;

KeywordHit ask(const KeywordRule& rule, std::string_view text) {
  const KeywordMatcher matcher(std::span(&rule, 1));
  KeywordMatcher::Scratch scratch;
  return matcher.match(text, scratch)[0];
}
bool holds(const std::string& keyword, std::string_view text) { return ask({"r", {keyword}}, text).matched; }

TEST(KeywordMatcher, ConfidenceGrowsWithTheShareFound) {
  const KeywordRule rule{"urgent", {"urgent", "immediate", "asap", "emergency"}};
  EXPECT_DOUBLE_EQ(ask(rule, "I need URGENT help").confidence, 0.625);
  EXPECT_DOUBLE_EQ(ask(rule, "urgent, urgent: asap").confidence, 0.75);
  EXPECT_DOUBLE_EQ(ask(rule, "urgent emergency, immediate, asap").confidence, 1);
  EXPECT_FALSE(ask(rule, "insurgents are not asapp").matched);
  EXPECT_DOUBLE_EQ(ask(rule, "nothing").confidence, 0);
}

TEST(KeywordMatcher, AllAndNone) {
  const KeywordRule all{"all", {"sensitive", "data"}, KeywordOperator::all};
  EXPECT_TRUE(ask(all, "Sensitive personal data").matched);
  EXPECT_FALSE(ask(all, "sensitive persons").matched);
  const KeywordRule none{"none", {"spam", "ads"}, KeywordOperator::none};
  EXPECT_TRUE(ask(none, "plain words").matched);
  EXPECT_DOUBLE_EQ(ask(none, "plain words").confidence, 0.5);
  EXPECT_FALSE(ask(none, "no ads please").matched);
  EXPECT_TRUE(ask(none, "").matched);
}

TEST(KeywordMatcher, OverlappingAndNestedKeywordsAreAllFound) {
  const KeywordRule rule{"r", {"step by step", "by", "step by step plan", "plan"}};
  EXPECT_EQ(ask(rule, "a Step\n by   step plan").found, 4u);
}

TEST(KeywordMatcher, WordsAreBoundedWhereTheKeywordHasWordEdges) {
  EXPECT_TRUE(holds("c++", "in C++17"));
  EXPECT_TRUE(holds("c++", "C++, please"));
  EXPECT_FALSE(holds("c++", "abc++"));
  EXPECT_TRUE(holds("tl;dr", "TL;DR: no"));
  EXPECT_FALSE(holds("api", "apis and rapid"));
  EXPECT_TRUE(holds("that's wrong", "No, that’s  wrong."));
  EXPECT_FALSE(holds("e", "e\u0301"));
  EXPECT_TRUE(holds("e.g.", "say, e.g. so"));
  EXPECT_FALSE(holds("e.g.", "exgx"));
}

TEST(KeywordMatcher, ChineseNeedsNoBounds) {
  EXPECT_TRUE(holds("证明", "请严格证明这个定理"));
  EXPECT_TRUE(holds("用API", "我想用api来"));
  EXPECT_TRUE(holds("écologie", "L'ÉCOLOGIE"));
  EXPECT_TRUE(holds("улица", "УЛИЦА,"));
}

TEST(KeywordMatcher, PatternsGoThroughAsWritten) {
  EXPECT_TRUE(holds(R"([A-Z]:\\)", R"(at C:\Program Files)"));
  EXPECT_TRUE(holds(R"(\d{3}-\d{2}-\d{4})", "SSN: 123-45-6789x"));
  EXPECT_TRUE(holds("colou?r|farbe", "die Farbe"));
  EXPECT_TRUE(ask({"r", {"conc.t"}, KeywordOperator::any, KeywordForm::pattern}, "preconcatenate").matched);
  EXPECT_FALSE(ask({"r", {"a.c"}, KeywordOperator::any, KeywordForm::literal}, "abc").matched);
  EXPECT_TRUE(ask({"r", {R"(\d+)"}, KeywordOperator::any, KeywordForm::literal}, R"(write \d+ here)").matched);
}

TEST(KeywordMatcher, WhatLooksLikeAPattern) {
  for (const char* p : {R"(\bfoo)", "[a-z]", "a.*b", "^x", "x$", "(?i)a", "(ab)+c", "a|b"})
    EXPECT_TRUE(looks_like_pattern(p)) << p;
  for (const char* p :
       {"c++", "what?", "e.g.", "$5", "$", "a (b) c", "node.js", "tl;dr", "1 + 1", "|", "", "use *bold*"})
    EXPECT_FALSE(looks_like_pattern(p)) << p;
}

TEST(KeywordMatcher, CaseIsKeptWhenAsked) {
  KeywordRule rule{"r", {"SQL", "Go"}};
  rule.case_sensitive = true;
  EXPECT_EQ(ask(rule, "sql in go").found, 0u);
  EXPECT_EQ(ask(rule, "SQL in Go").found, 2u);
  rule.keywords = {R"(\bID\b)"};
  EXPECT_FALSE(ask(rule, "id").matched);
  EXPECT_TRUE(ask(rule, "ID").matched);
}

TEST(KeywordMatcher, ManyRulesShareOnePassAndScratch) {
  const std::vector<KeywordRule> rules = {
      {"a", {"one", "two"}}, {"b", {"two", "three", "two"}}, {"c", {"two"}, KeywordOperator::none}};
  const KeywordMatcher matcher(rules);
  KeywordMatcher::Scratch scratch;
  const auto hits = matcher.match("Two", scratch);
  EXPECT_EQ(hits[0].found, 1u);
  EXPECT_EQ(hits[1].found, 1u);
  EXPECT_EQ(hits[1].total, 2u);
  EXPECT_FALSE(hits[2].matched);
  EXPECT_TRUE(matcher.found(0, 1, scratch));
  EXPECT_TRUE(matcher.found(1, 2, scratch));
  EXPECT_FALSE(matcher.found(0, 0, scratch));
  // Nothing of one text is left for the next, nor of one matcher for another.
  EXPECT_FALSE(matcher.match("", scratch)[0].matched);
  const KeywordMatcher other{std::span(rules).first(1)};
  EXPECT_TRUE(other.match("one", scratch)[0].matched);
  EXPECT_EQ(scratch.hits.size(), 1u);
  EXPECT_FALSE(matcher.found(0, 0, scratch));
}

TEST(KeywordMatcher, BrokenTextIsSearchedToItsEnd) {
  EXPECT_TRUE(holds("urgent", "\xFF\xFE urgent\xC3"));
  EXPECT_FALSE(holds("urgent",
                     "urg\xFF"
                     "ent"));
  EXPECT_TRUE(holds(R"(urg\w+)", "\xFF urgent"));
}

TEST(KeywordMatcher, BadRulesSayWhatIsWrong) {
  const auto build = [](KeywordRule rule) { return [rule] { KeywordMatcher{std::span(&rule, 1)}; }; };
  EXPECT_THAT(message_of(build({"r", {}})), AllOf(HasSubstr("rule r"), HasSubstr("without keywords")));
  EXPECT_THAT(message_of(build({"r", {"a", "  "}})), AllOf(HasSubstr("keyword 2"), HasSubstr("empty")));
  EXPECT_THAT(message_of(build({"r", {"a\xFF"}})), HasSubstr("UTF-8"));
  EXPECT_THAT(message_of(build({"r", {R"((\d)"}, KeywordOperator::any, KeywordForm::pattern})), HasSubstr("missing )"));
  EXPECT_THAT(message_of(build({"r", {R"(\d(?=x))"}})), HasSubstr("RE2"));
  KeywordRule huge{"r", {}};
  for (int i = 0; i < 600; ++i)
    huge.keywords.push_back(std::to_string(i) + std::string(3000, static_cast<char>('a' + i % 26)));
  EXPECT_THAT(message_of(build(huge)), HasSubstr("MiB"));
}

// The automaton against a search for each keyword by itself.
TEST(KeywordMatcher, AgreesWithNaiveSearch) {
  std::mt19937 random(7);
  const std::vector<std::string> letters = {"a", "b", " ", "é", "证", "\u0301", "-"};
  const auto draw = [&](int longest) {
    std::string s;
    for (int n = 1 + static_cast<int>(random() % static_cast<unsigned>(longest)); n > 0; --n)
      s += letters[random() % letters.size()];
    return s;
  };
  for (int round = 0; round < 300; ++round) {
    KeywordRule rule{"r", {}, KeywordOperator::any, KeywordForm::literal};
    while (rule.keywords.size() < 6)
      if (std::string k = draw(4); k.find_first_not_of(' ') != k.npos) rule.keywords.push_back(k);
    const KeywordMatcher matcher(std::span(&rule, 1));
    KeywordMatcher::Scratch scratch;
    const std::string text = draw(30), flat = folded(text);
    matcher.match(text, scratch);
    for (std::size_t k = 0; k < rule.keywords.size(); ++k) {
      const std::string needle = folded(rule.keywords[k]);
      bool there = false;
      for (std::size_t at = flat.find(needle); at != flat.npos && !there; at = flat.find(needle, at + 1))
        there = has_cjk(needle) || word_bounded(flat, at, at + needle.size());
      EXPECT_EQ(matcher.found(0, k, scratch), there) << '"' << rule.keywords[k] << "\" in \"" << text << '"';
    }
  }
}

TEST(AhoCorasick, ReportsEveryEnd) {
  const std::vector<std::string> needles = {"he", "she", "his", "hers"};
  std::vector<std::pair<std::uint32_t, std::size_t>> found;
  AhoCorasick(needles).search("ushers", [&](std::uint32_t n, std::size_t end) { found.emplace_back(n, end); });
  EXPECT_THAT(found, ::testing::UnorderedElementsAre(std::pair(1u, 4u), std::pair(0u, 4u), std::pair(3u, 6u)));
}

TEST(AhoCorasick, TakesEveryByte) {
  std::string all;
  for (int b = 0; b < 256; ++b) all += static_cast<char>(b);
  const std::vector<std::string> needles = {all};
  int found = 0;
  AhoCorasick(needles).search(all + all, [&](std::uint32_t, std::size_t) { ++found; });
  EXPECT_EQ(found, 2);
}

}  // namespace
}  // namespace wattline::text
