#include "policy/plugins/memory.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/plugins/plugins_testing.h"

namespace wattline::policy {
namespace {

using testing::HasSubstr;
using testing::Not;

const Time start{1'700'000'000'000'000'000};
const auto nothing_skipped = [](const std::string&) { return false; };

std::vector<Turn> turns(int n) {
  std::vector<Turn> out;
  for (int i = 0; i < n; ++i)
    out.push_back({fmt::format("Question {} on my greenhouse tomatoes", i), fmt::format("Answer {} on watering", i)});
  return out;
}

TEST(Memory, AnEpisodeIsDueEveryThirdTurnAndSpansFive) {
  const MemoryOptions o;
  EXPECT_EQ(episode_of(turns(0), o), "");
  EXPECT_EQ(episode_of(turns(1), o), "");
  EXPECT_EQ(episode_of(turns(2), o), "");
  EXPECT_THAT(episode_of(turns(3), o), HasSubstr("Q: Question 0 "));
  EXPECT_EQ(episode_of(turns(4), o), "");
  const std::string nine = episode_of(turns(9), o);
  EXPECT_THAT(nine, Not(HasSubstr("Question 3 ")));
  EXPECT_THAT(nine, HasSubstr("Question 4 "));
  EXPECT_THAT(nine, HasSubstr("A: Answer 8 "));
  auto open = turns(3);
  open.back().answer.clear();
  EXPECT_EQ(episode_of(open, o), "") << "not answered yet";
}

TEST(Memory, SmallTalkIsNotKeptAndLongTurnsAreCut) {
  MemoryOptions o;
  o.every = 1;
  EXPECT_EQ(episode_of({{"ok ok ok", "ok"}}, o), "");
  EXPECT_GT(entropy_of("one two three four"), entropy_of("one one one four"));
  EXPECT_EQ(entropy_of(""), 0);
  std::string words;
  for (int i = 0; i < 20'000; ++i) words += fmt::format("w{} ", i);
  const std::string cut = episode_of({{words, words}, {words, "short answer"}}, o);
  EXPECT_LE(cut.size(), o.max_chunk);
  EXPECT_THAT(cut, HasSubstr("short answer"));
}

TEST(Memory, RecallsWhatBearsOnTheQuestion) {
  MemoryStore m;
  EXPECT_TRUE(m.keep("lab/ada", "Q: How do I prune tomatoes?\nA: Remove the side shoots every week.\n", start));
  EXPECT_TRUE(m.keep("lab/ada", "Q: What is the capital of Peru?\nA: Lima.\n", start));
  const MemoryOptions o;
  const auto found = m.recall("lab/ada", "When should I prune my tomatoes?", o, start + Duration(60), nothing_skipped);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_THAT(found[0].text, HasSubstr("side shoots"));
  EXPECT_TRUE(m.recall("lab/ada", "Explain photosynthesis", o, start, nothing_skipped).empty());
  EXPECT_TRUE(m.recall("lab/ada", "", o, start, nothing_skipped).empty());
  EXPECT_TRUE(m.recall("lab/bob", "When should I prune my tomatoes?", o, start, nothing_skipped).empty());
  EXPECT_TRUE(m.recall("lab/ada", "prune tomatoes", o, start, [](const std::string&) { return true; }).empty());
}

TEST(Memory, OldEpisodesCountLess) {
  MemoryStore m;
  m.keep("a", "Q: tomatoes pruning advice\nA: first words\n", start);
  m.keep("a", "Q: tomatoes pruning advice\nA: later words\n", start + Duration(20 * 86400.0));
  const auto found = m.recall("a", "tomatoes pruning", {}, start + Duration(21 * 86400.0), nothing_skipped);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_THAT(found[0].text, HasSubstr("later"));
  EXPECT_NEAR(found[1].score / found[0].score, std::exp2(-20.0 / 7), 1e-6);
  EXPECT_TRUE(m.recall("a", "tomatoes pruning", {}, start + Duration(60 * 86400.0), nothing_skipped).empty());
  EXPECT_EQ(m.bytes(), 0u) << "over after 30 days";
}

TEST(Memory, IsBoundedAndErased) {
  MemoryStore m({10'000, 3'000, 4, 86400});
  EXPECT_FALSE(m.keep("", "Q: nobody asks\nA: nothing\n", start)) << "without a user";
  for (int i = 0; i < 10; ++i) m.keep("a", fmt::format("Q: number {}\nA: x\n", i), start);
  EXPECT_EQ(m.list("a", start).size(), 4u);
  EXPECT_THAT(m.list("a", start)[0].text, HasSubstr("number 9"));
  EXPECT_FALSE(m.keep("a", "Q: number 9\nA: x\n", start + Duration(5)));
  EXPECT_EQ(m.list("a", start)[0].at, start + Duration(5));
  EXPECT_FALSE(m.keep("a", std::string(5000, 'x'), start));
  for (int i = 0; i < 50; ++i) m.keep(fmt::format("u{}", i), std::string(1000, 'y'), start + Duration(i));
  EXPECT_LE(m.bytes(), 10'000u);
  EXPECT_TRUE(m.list("a", start).empty()) << "who was here longest ago is forgotten";
  EXPECT_EQ(m.list("u49", start).size(), 1u);
  EXPECT_EQ(m.forget("u49"), 1u);
  EXPECT_EQ(m.forget("u49"), 0u);
  EXPECT_TRUE(m.list("u49", start).empty());
}

TEST(Memory, IsPutIntoTheUsersMessage) {
  Draft d = tests::draft({{Role::system, "Be brief."}, {Role::user, "When should I prune?"}});
  EXPECT_EQ(put_before_question(d, {}, 100), 0u);
  EXPECT_GT(put_before_question(d, {{"Q: a\nA: b\n", 1, 1, start}}, 100), 0u);
  EXPECT_EQ(d.messages[0].texts[0].text, "Be brief.");
  EXPECT_TRUE(d.messages[1].texts[0].text.ends_with("(end of reference)\n\nWhen should I prune?"));
  Draft small = tests::draft({{Role::user, "x"}});
  put_before_question(small, {{std::string(50'000, 'z'), 1, 1, start}}, 100);
  EXPECT_LT(small.messages[0].texts[0].text.size(), 600u);
}

TEST(Memory, TurnsAreQuestionsWithTheirLastAnswer) {
  Draft d = tests::draft({{Role::system, "s"},
                          {Role::user, "q1"},
                          {Role::assistant, ""},
                          {Role::tool, "t"},
                          {Role::assistant, "a1"},
                          {Role::user, "q2"}});
  const auto t = turns_of(d);
  ASSERT_EQ(t.size(), 2u);
  EXPECT_EQ(t[0].question + t[0].answer + t[1].question + t[1].answer, "q1a1q2");
}

}  // namespace
}  // namespace wattline::policy
