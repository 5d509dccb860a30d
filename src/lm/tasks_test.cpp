#include "lm/tasks.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <regex>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/table.h"
#include "lm/corpus.h"
#include "lm/tokenizer.h"

namespace wattline::lm {
namespace {

std::vector<Problem> draw(const std::string& task, Split split, int count, std::uint64_t seed = 7) {
  std::mt19937_64 random(seed);
  std::vector<Problem> all;
  for (int i = 0; i < count; ++i) all.push_back(make_problem(task, split, random));
  return all;
}

std::vector<long> numbers_in(const std::string& text) {
  std::vector<long> out;
  static const std::regex number("[0-9]+");
  for (std::sregex_iterator i(text.begin(), text.end(), number), end; i != end; ++i) out.push_back(std::stol(i->str()));
  return out;
}

class EachTask : public testing::TestWithParam<std::string> {};
std::vector<std::string> names() {
  std::vector<std::string> out;
  for (const auto& t : tasks()) out.push_back(t.name);
  return out;
}
INSTANTIATE_TEST_SUITE_P(Tasks, EachTask, testing::ValuesIn(names()), [](const auto& task) {
  std::string name = task.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST_P(EachTask, TrainingAndTestQuestionsAreDisjoint) {
  std::set<std::string> keys, prompts;
  for (const auto& p : draw(GetParam(), Split::train, 20000)) {
    keys.insert(p.key);
    prompts.insert(p.prompt);
  }
  // Facts, greetings and what must be declined are held out by wording, the rest by what is asked.
  const bool by_wording = GetParam() == "capital" || GetParam() == "element" || GetParam() == "talk";
  for (const auto& p : draw(GetParam(), Split::test, 5000, 11)) {
    EXPECT_FALSE(prompts.contains(p.prompt)) << p.prompt;
    if (!by_wording) {
      EXPECT_FALSE(keys.contains(p.key)) << p.key;
    }
  }
}

TEST_P(EachTask, QuestionsAreWhole) {
  for (Split split : {Split::train, Split::test})
    for (const auto& p : draw(GetParam(), split, 2000)) {
      EXPECT_EQ(p.task, GetParam());
      EXPECT_FALSE(p.answer.empty());
      EXPECT_EQ(p.prompt.find_first_of("{}"), std::string::npos) << p.prompt;
      EXPECT_LE(p.prompt.size() + p.answer.size(), 120u) << p.prompt;
      EXPECT_TRUE(is_right(p.answer, p.answer));
      const ByteTokenizer tokenizer;
      EXPECT_EQ(tokenizer.decode(tokenizer.encode_reply(p.answer, p.turned)), p.answer);
    }
}

TEST_P(EachTask, ASeedMeansTheSameQuestions) {
  const auto a = draw(GetParam(), Split::test, 50, 3), b = draw(GetParam(), Split::test, 50, 3);
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].prompt, b[i].prompt);
    EXPECT_EQ(a[i].answer, b[i].answer);
  }
}

TEST(TasksTest, SumsAndDifferencesAreRight) {
  for (const char* task : {"addition-1", "addition-2", "addition-3"})
    for (const auto& p : draw(task, Split::test, 500)) {
      const auto n = numbers_in(p.prompt);
      ASSERT_EQ(n.size(), 2u) << p.prompt;
      EXPECT_EQ(std::to_string(n[0] + n[1]), p.answer) << p.prompt;
    }
  for (const char* task : {"subtraction-2", "subtraction-3"})
    for (const auto& p : draw(task, Split::test, 500)) {
      const auto n = numbers_in(p.prompt);
      ASSERT_EQ(n.size(), 2u) << p.prompt;
      EXPECT_EQ(std::to_string(std::max(n[0], n[1]) - std::min(n[0], n[1])), p.answer) << p.prompt;
    }
}

TEST(TasksTest, RangesAreAsDescribed) {
  const std::map<std::string, std::pair<long, long>> longest = {
      {"addition-1", {0, 9}},           {"addition-2", {10, 99}},     {"addition-3", {100, 999}},
      {"subtraction-3", {100, 999}},    {"addition-4", {1000, 9999}}, {"subtraction-4", {1000, 9999}},
      {"addition-6", {100000, 999999}}, {"compare-6", {1000, 999999}}};
  for (const auto& [task, range] : longest)
    for (const auto& p : draw(task, Split::test, 300)) {
      const auto n = numbers_in(p.prompt);
      EXPECT_GE(std::max(n[0], n[1]), range.first);
      EXPECT_LE(std::max(n[0], n[1]), range.second);
    }
}

TEST(TasksTest, HarderArithmeticIsRight) {
  for (const auto& p : draw("sum-3", Split::test, 300)) {
    const auto n = numbers_in(p.prompt);
    ASSERT_EQ(n.size(), 3u) << p.prompt;
    EXPECT_EQ(std::to_string(n[0] + n[1] + n[2]), p.answer) << p.prompt;
  }
  for (const auto& p : draw("multiplication", Split::test, 300)) {
    const auto n = numbers_in(p.prompt);
    ASSERT_EQ(n.size(), 2u) << p.prompt;
    EXPECT_EQ(std::to_string(n[0] * n[1]), p.answer) << p.prompt;
  }
  for (const auto& p : draw("division", Split::test, 300)) {
    const auto n = numbers_in(p.key);
    EXPECT_EQ(n[0] % n[1], 0) << p.prompt;
    EXPECT_EQ(std::to_string(n[0] / n[1]), p.answer) << p.prompt;
  }
  for (const auto& p : draw("two-steps", Split::test, 300)) {
    const auto n = numbers_in(p.key);
    const bool plus_first = p.key.starts_with("plus");
    const long middle = plus_first ? n[0] + n[1] : n[0] - n[1];
    EXPECT_GE(middle, 0) << p.prompt;
    EXPECT_EQ(std::to_string(plus_first ? middle - n[2] : middle + n[2]), p.answer) << p.prompt;
    EXPECT_GE(std::stol(p.answer), 0) << p.prompt;
  }
}

TEST(TasksTest, RomanNumeralsAndWeekdaysAreRight) {
  const std::map<char, int> worth = {{'C', 100}, {'L', 50}, {'X', 10}, {'V', 5}, {'I', 1}};
  const auto value = [&](const std::string& numeral) {
    int sum = 0;
    for (std::size_t i = 0; i < numeral.size(); ++i) {
      const int here = worth.at(numeral[i]);
      sum += i + 1 < numeral.size() && worth.at(numeral[i + 1]) > here ? -here : here;
    }
    return sum;
  };
  for (const auto& p : draw("roman", Split::test, 500)) {
    const long n = numbers_in(p.key).front();
    if (p.answer.find_first_not_of("CLXVI") == std::string::npos) EXPECT_EQ(value(p.answer), n) << p.prompt;
    else EXPECT_EQ(p.answer, std::to_string(n)) << p.prompt;
  }
  const std::vector<std::string> days = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
  for (const auto& p : draw("weekday", Split::test, 500)) {
    const auto n = numbers_in(p.key);
    std::size_t at = static_cast<std::size_t>(n[0]);
    for (long i = 0; i < n[1]; ++i) at = (at + (p.key.starts_with("after") ? 1 : 6)) % 7;
    EXPECT_EQ(p.answer, days[at]) << p.prompt;
  }
}

TEST(TasksTest, WordTasksAreRight) {
  for (const auto& p : draw("reverse", Split::test, 300)) {
    const std::string word = p.key.substr(8);
    EXPECT_EQ(std::string(word.rbegin(), word.rend()), p.answer);
    EXPECT_GE(word.size(), 3u);
    EXPECT_LE(word.size(), 6u);
  }
  for (const auto& [task, shortest, longest] : {std::tuple{"reverse-9", 7u, 9u}, std::tuple{"reverse-12", 10u, 12u}})
    for (const auto& p : draw(task, Split::test, 300)) {
      const std::string word = p.key.substr(8);
      EXPECT_EQ(std::string(word.rbegin(), word.rend()), p.answer);
      EXPECT_GE(word.size(), shortest);
      EXPECT_LE(word.size(), longest);
    }
  for (const auto& p : draw("sort", Split::test, 300)) {
    EXPECT_TRUE(std::is_sorted(p.answer.begin(), p.answer.end()));
    const std::string word = p.key.substr(5);
    EXPECT_TRUE(std::is_permutation(p.answer.begin(), p.answer.end(), word.begin(), word.end()));
  }
}

class EachLevel : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Levels, EachLevel, testing::Range(1, hardest_level + 1));

TEST_P(EachLevel, SharesAreKept) {
  std::mt19937_64 random(5);
  std::map<std::string, int> seen;
  constexpr int drawn = 20000;
  for (int i = 0; i < drawn; ++i) ++seen[make_problem(Split::train, random, GetParam()).task];
  double total = 0;
  for (const auto& t : tasks())
    if (t.level <= GetParam()) total += t.share;
  for (const auto& t : tasks())
    if (t.level > GetParam()) EXPECT_EQ(seen[t.name], 0) << t.name;
    else EXPECT_NEAR(seen[t.name], drawn * t.share / total, 5 * std::sqrt(drawn * t.share / total)) << t.name;
}

TEST(TasksTest, FactsAreOneToOne) {
  for (const auto& [kind, pairs] : Corpus::get().facts) {
    std::set<std::string> keys, values;
    for (const auto& [key, value] : pairs) {
      EXPECT_TRUE(keys.insert(key).second) << kind << " " << key;
      EXPECT_TRUE(values.insert(value).second) << kind << " " << value;
    }
  }
  EXPECT_EQ(Corpus::get().facts.at("capital").size(), 76u);
  EXPECT_EQ(Corpus::get().facts.at("element").size(), 48u);
}

TEST(TasksTest, WhatIsRight) {
  EXPECT_TRUE(is_right(" Paris. ", "paris"));
  EXPECT_TRUE(is_right("42", "42"));
  EXPECT_FALSE(is_right("420", "42"));
  EXPECT_FALSE(is_right("", "42"));
  EXPECT_FALSE(is_right("The answer is 42", "42"));
}

TEST(TasksTest, AnUnknownTaskNamesTheNearest) {
  std::mt19937_64 random(1);
  try {
    make_problem("additon-2", Split::test, random);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::not_found);
    EXPECT_THAT(e.what(), testing::HasSubstr("addition-2"));
  }
}

// Every question of a training task must be unknown to training: checked against what it would draw.
TEST(TasksTest, TheBuiltInWorkloadIsHeldOut) {
  CsvOptions text;
  text.infer = false;
  const Table t = read_csv(first_light_csv(), "first-light.csv", text);
  const auto& prompts = t.column("prompt").texts();
  const auto& expected = t.column("expected").texts();
  const auto& task = t.column("task").texts();
  EXPECT_GE(prompts.size(), 30u);
  EXPECT_LE(prompts.size(), 60u);
  std::set<std::string> different(prompts.begin(), prompts.end());
  EXPECT_EQ(different.size(), prompts.size());
  std::set<std::string> trained;
  std::mt19937_64 random(21);
  for (int i = 0; i < 200000; ++i) trained.insert(make_problem(Split::train, random).prompt);
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    EXPECT_FALSE(trained.contains(prompts[i])) << prompts[i];
    EXPECT_FALSE(expected[i].empty()) << prompts[i];
    if (task[i] != "outside") {
      EXPECT_NO_THROW(check_task(task[i]));
    }
  }
}

// What a router is tuned on it is not judged by: no problem is in both halves, nor was any trained on.
TEST(TasksTest, HeldOutProblemsAreOfOneHalf) {
  std::mt19937_64 random(5);
  std::set<std::string> tuning, judging, trained;
  for (int i = 0; i < 4000; ++i) {
    const int level = 1 + i % 3;
    const Problem t = make_held_out(Half::tuning, random, level), j = make_held_out(Half::judging, random, level);
    tuning.insert(t.task + "|" + t.key);
    judging.insert(j.task + "|" + j.key);
    trained.insert(make_problem(Split::train, random, level).prompt);
    EXPECT_FALSE(trained.contains(j.prompt)) << j.prompt;
  }
  EXPECT_GT(tuning.size(), 1500u);
  EXPECT_GT(judging.size(), 1500u);
  for (const auto& key : judging) EXPECT_FALSE(tuning.contains(key)) << key;
}

}  // namespace
}  // namespace wattline::lm
