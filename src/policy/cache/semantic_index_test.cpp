#include "policy/cache/semantic_index.h"

#include <random>

#include <gtest/gtest.h>

#include "text/hashed_ngrams.h"

namespace wattline::policy {
namespace {

constexpr std::int64_t second = 1'000'000'000;

CacheCategory rule(std::string name, double threshold = 0.6, double ttl_s = 100, double share = 1, bool keep = true) {
  return {std::move(name), keep, threshold, static_cast<std::int64_t>(ttl_s) * second, share};
}

// Hashed n-grams: nearness of spelling, the same on every machine.
struct Bench {
  explicit Bench(CacheCategories c = CacheCategories(rule("other"), {}), SemanticIndex::Options o = {})
      : index(std::move(c), o) {}
  SemanticIndex::Question question(const std::string& text, std::uint8_t scope = 1, std::size_t category = 1) {
    vector = encoder.encoded(text);
    held = text;
    SemanticIndex::Question q;
    q.scope[0] = scope;
    q.text = held;
    q.vector = vector;
    q.category = category;
    return q;
  }
  std::uint64_t put(const std::string& text, std::uint8_t scope = 1, std::int64_t now = second,
                    std::size_t bytes = 1000, std::size_t category = 1, double joules = 10) {
    return index.put(question(text, scope, category), {std::make_shared<std::string>(text), bytes, joules}, now);
  }
  SemanticIndex::Found find(const std::string& text, std::uint8_t scope = 1, std::int64_t now = second,
                            std::size_t category = 1, std::int64_t max_age = INT64_MAX) {
    return index.find(question(text, scope, category), now, max_age);
  }
  std::string answer(const std::string& text, std::uint8_t scope = 1, std::int64_t now = second) {
    const auto f = find(text, scope, now);
    return f.answer ? *static_cast<const std::string*>(f.answer.get()) : "";
  }
  text::HashedNgrams encoder;
  std::vector<float> vector;
  std::string held;
  SemanticIndex index;
};

const std::string exercise = "What are the benefits of regular exercise?";
const std::string again = "what are the  benefits of regular exercise";
const std::string other_words = "Tell me what the benefits of regular exercise are, please";

TEST(SemanticIndex, AHitIsToldApartFromTheSameText) {
  Bench b;
  EXPECT_FALSE(b.find(exercise).answer);
  b.put(exercise);
  const auto same = b.find(again);
  ASSERT_TRUE(same.answer);
  EXPECT_TRUE(same.same_text);
  const auto similar = b.find(other_words);
  ASSERT_TRUE(similar.answer);
  EXPECT_FALSE(similar.same_text);
  EXPECT_LT(similar.cosine, 1);
  const auto far = b.find("How do whales sleep?");
  EXPECT_FALSE(far.answer);
  EXPECT_EQ(far.refused, "");
}

TEST(SemanticIndex, ScopesNeverMeet) {
  Bench b;
  b.put(exercise, 1);
  EXPECT_EQ(b.answer(exercise, 2), "");
  b.put(exercise, 2);
  EXPECT_EQ(b.index.totals().scopes, 2u);
}

TEST(SemanticIndex, TheGuardRefusesWhatTheVectorsTakeForTheSame) {
  Bench b;
  b.put("Convert 10 USD to EUR for me");
  const auto f = b.find("Convert 11 USD to EUR for me");
  EXPECT_FALSE(f.answer);
  EXPECT_EQ(f.refused, "a number");
  // The next nearest may still be right.
  b.put("Convert 11 USD to EUR");
  EXPECT_EQ(b.answer("Convert 11 USD to EUR for me"), "Convert 11 USD to EUR");
  SemanticIndex::Options off;
  off.guard = false;
  Bench unguarded(CacheCategories(rule("other"), {}), off);
  unguarded.put("Convert 10 USD to EUR for me");
  EXPECT_TRUE(unguarded.find("Convert 11 USD to EUR for me").answer);
}

TEST(SemanticIndex, AnswersGrowOld) {
  Bench b;
  b.put(exercise, 1, second);
  EXPECT_EQ(b.answer(exercise, 1, 101 * second), exercise);
  EXPECT_FALSE(b.find(exercise, 1, 50 * second, 1, 10 * second).answer);  // older than the client wants
  EXPECT_EQ(b.answer(exercise, 1, 102 * second), "");
  EXPECT_EQ(b.index.totals().expired, 1u);
  EXPECT_EQ(b.index.totals().entries, 0u);
  EXPECT_EQ(b.index.totals().bytes, 0u);
  EXPECT_EQ(b.index.totals().scopes, 0u);
}

TEST(SemanticIndex, AnUnknownCategoryMeetsTheStrictestRule) {
  const CacheCategories c(rule("other", 0.5, 100), {rule("law", 0.99, 10), rule("health", 0.6, 100, 1, false)});
  EXPECT_EQ(c.at(c.of("")).threshold, 0.99);
  EXPECT_EQ(c.at(c.of("")).ttl_ns, 10 * second);
  EXPECT_FALSE(c.at(c.of("")).keep);
  EXPECT_EQ(c.at(c.of("law")).threshold, 0.99);
  EXPECT_EQ(c.at(c.of("history")).threshold, 0.5);
  Bench b(c);
  EXPECT_EQ(b.put(exercise, 1, second, 1000, c.of("health")), 0u);
  EXPECT_NE(b.put(exercise, 1, second, 1000, c.of("history")), 0u);
  EXPECT_TRUE(b.find(other_words, 1, second, c.of("history")).answer);
  // Of law it must be closer, whatever it was kept as.
  EXPECT_FALSE(b.find(other_words, 1, second, c.of("law")).answer);
  EXPECT_FALSE(b.find(exercise, 1, second, c.of("health")).answer);
}

TEST(SemanticIndex, WhatWasWrongIsGoneAndItsNeighbourhoodStricter) {
  Bench b;
  const std::uint64_t id = b.put(exercise);
  const auto hit = b.find(other_words);
  ASSERT_EQ(hit.id, id);
  EXPECT_TRUE(b.index.wrong(id, hit.cosine, second));
  EXPECT_FALSE(b.index.wrong(id, hit.cosine, second));
  EXPECT_FALSE(b.find(exercise).answer);
  // Kept again, it answers what is the same, and no longer what is as far as the wrong hit was.
  b.put(exercise);
  EXPECT_TRUE(b.find(again).answer);
  EXPECT_FALSE(b.find(other_words).answer);
  EXPECT_GT(b.index.threshold_at(b.question(other_words), second), 0.6);
  EXPECT_EQ(b.index.threshold_at(b.question("How do whales sleep at night?"), second), 0.6);
  // In another scope nothing has changed.
  b.put(exercise, 2);
  EXPECT_TRUE(b.find(other_words, 2).answer);
  // Scars heal.
  const std::int64_t later = second + SemanticIndex::Options().scar_ns + second;
  b.put(exercise, 1, later);
  EXPECT_TRUE(b.find(other_words, 1, later).answer);
  EXPECT_EQ(b.index.totals().called_wrong, 1u);
}

TEST(SemanticIndex, StaysWithinItsBytesAndKeepsWhatSavesMost) {
  SemanticIndex::Options o;
  o.bytes = 100'000;
  Bench b(CacheCategories(rule("other"), {}), o);
  b.put("How do glaciers carve valleys over ages", 1, second, 1000, 1, 1e6);  // dear
  for (int i = 0; i < 200; ++i)
    b.put("cheap question about subject" +
              std::string(static_cast<std::size_t>(i % 7 + 1), static_cast<char>('a' + i % 26)) + std::to_string(i),
          1, second, 1000, 1, 1);
  const auto t = b.index.totals();
  EXPECT_LE(t.bytes, o.bytes);
  EXPECT_GT(t.evicted, 150u);
  EXPECT_TRUE(b.find("How do glaciers carve valleys over ages").answer);
  EXPECT_EQ(b.put("too large a one", 1, second, b.index.largest()), 0u);
}

TEST(SemanticIndex, ACategoryKeepsToItsShare) {
  SemanticIndex::Options o;
  o.bytes = 200'000;
  const CacheCategories c(rule("other"), {rule("chat", 0.6, 100, 0.1)});
  Bench b(c, o);
  for (int i = 0; i < 20; ++i) b.put("kept question number " + std::to_string(i), 1, second, 1000, 1);
  for (int i = 0; i < 200; ++i) b.put("chatter about " + std::to_string(i) + "th thing", 1, second, 1000, c.of("chat"));
  EXPECT_LE(b.index.totals().entries, 20u + 6u);
  EXPECT_TRUE(b.find("kept question number 3").answer);
}

TEST(SemanticIndex, ManyQuestionsWithAGraph) {
  SemanticIndex::Options o;
  o.index.graph_from = 100;
  o.bytes = std::size_t{16} << 20;
  Bench b(CacheCategories(rule("other"), {}), o);
  std::mt19937 random(7);
  std::vector<std::string> asked;
  for (int i = 0; i < 1500; ++i) {
    std::string text = "about";
    for (int w = 0; w < 6; ++w) {
      text += ' ';
      for (int k = 0; k < 5; ++k) text += static_cast<char>('a' + random() % 26);
    }
    b.put(asked.emplace_back(text), 1, second, 100);
  }
  int found = 0;
  for (const auto& text : asked) found += b.answer(text) == text;
  EXPECT_GE(found, 1490);
  EXPECT_EQ(b.put(asked[3], 1, second, 100) != 0, true);  // in place of the one that was there
  EXPECT_EQ(b.index.totals().entries, 1500u);
  b.index.clear();
  EXPECT_EQ(b.index.totals().entries, 0u);
  EXPECT_EQ(b.answer(asked[3]), "");
}

}  // namespace
}  // namespace wattline::policy
