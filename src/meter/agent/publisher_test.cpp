#include "meter/agent/publisher.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "meter/agent/fixture.h"

namespace wattline::meter {
namespace {

using tests::consumer;
using tests::joules;
using tests::snapshot_at;

double level_sum(const Snapshot& s, Level level) {
  double sum = 0;
  for (const auto& c : s.consumers)
    if (c.level == level) sum += c.joules[0];
  return sum;
}

void pass(Snapshot& s, double seconds) {
  s.now = s.now + Duration(seconds);
  s.covered += Duration(seconds);
}

TEST(Publisher, TellsWhatWasSeenRounded) {
  Publisher p({.top = 5, .rounding = Energy(1)}, "node7", "run1");
  auto s = snapshot_at(10);
  s.consumers[0].joules[0] = 150.4;
  const auto out = p.publish(s, {}, Duration(1));
  EXPECT_EQ(out->host, "node7");
  EXPECT_EQ(out->version, 1u);
  EXPECT_EQ(joules(out->seen, Level::process, "train"), 150);
  EXPECT_EQ(joules(out->seen, Level::process, other_consumers), 0);
  EXPECT_EQ(out->seen.components[0].energy.value().base(), 400);
}

TEST(Publisher, ATenthIsWrittenAsATenth) {
  Publisher p({}, "h", "i");
  auto s = snapshot_at(10);
  s.consumers[0].joules[0] = 2.83;
  EXPECT_EQ(joules(p.publish(s, {}, Duration(1))->seen, Level::process, "train"), 2.8);
}

TEST(Publisher, PowerIsTheMeanBetweenPublications) {
  Publisher p({}, "h", "i");
  p.publish(snapshot_at(10), {}, Duration(1));
  auto later = snapshot_at(20);
  later.components[0].watts = 700;  // of the last tick alone: finer than may be told
  EXPECT_DOUBLE_EQ(p.publish(later, {}, Duration(1))->seen.components[0].watts, 40);
}

TEST(Publisher, AClockThatIsSetChangesNoPower) {
  Publisher p({}, "h", "i");
  p.publish(snapshot_at(10), {}, Duration(1));
  auto later = snapshot_at(11);
  later.now = later.now + Duration(0.5);
  EXPECT_DOUBLE_EQ(p.publish(later, {}, Duration(1))->seen.components[0].watts, 40);
  auto back = snapshot_at(12);
  back.now = back.now + Duration(-3600);
  EXPECT_DOUBLE_EQ(p.publish(back, {}, Duration(1))->seen.components[0].watts, 40);
}

TEST(Publisher, AGapIsLeftOutOfThePowerAndNotSpreadOverIt) {
  Publisher p({}, "h", "i");
  p.publish(snapshot_at(10), {}, Duration(1));
  auto later = snapshot_at(20);
  later.components[0].energy = tests::component("package-0", Domain::cpu, 400 + 80).energy;
  later.components[0].missing = Duration(8);
  EXPECT_DOUBLE_EQ(p.publish(later, {}, Duration(1))->seen.components[0].watts, 40);
  auto lost = snapshot_at(30);
  lost.components[0].energy = later.components[0].energy;
  lost.components[0].missing = Duration(18);
  EXPECT_TRUE(std::isnan(p.publish(lost, {}, Duration(1))->seen.components[0].watts));
}

TEST(Publisher, NamesNoMoreThanItMay) {
  Publisher p({.top = 3}, "h", "i");
  auto s = snapshot_at(1);
  s.consumers.clear();
  for (int i = 1; i <= 100; ++i) s.consumers.push_back(consumer(Level::process, "p" + std::to_string(i), i, i));
  p.publish(s, {}, Duration(1));
  pass(s, 1);
  for (auto& c : s.consumers) c.joules[0] *= 2;
  const auto out = p.publish(s, {}, Duration(1));
  EXPECT_EQ(out->seen.consumers.size(), 4u);
  EXPECT_NEAR(level_sum(out->seen, Level::process), 2 * 5050, 0.1 * 4);
}

TEST(Publisher, ANewcomerThatIsHungryTakesTheNameOfOneThatIsNot) {
  Publisher p({.top = 1}, "h", "i");
  auto s = snapshot_at(100);
  s.consumers = {consumer(Level::process, "idler", 1, 100), consumer(Level::process, "late", 2, 0)};
  p.publish(s, {}, Duration(1));
  for (int i = 0; i < 5; ++i) {
    pass(s, 60);
    s.consumers[1].joules[0] += 600;
    p.publish(s, {}, Duration(1));
  }
  pass(s, 1);
  s.consumers[1].joules[0] += 10;
  const auto out = p.publish(s, {}, Duration(1));
  EXPECT_EQ(joules(out->seen, Level::process, "idler"), -1);
  EXPECT_GE(joules(out->seen, Level::process, "late"), 10);
  EXPECT_NEAR(level_sum(out->seen, Level::process), 100 + 3010, 0.3);
}

TEST(Publisher, AnEndedConsumerKeepsItsNameForAWhileAndThenItsJoulesStay) {
  Publisher p({.top = 5, .kept = Duration(100)}, "h", "i");
  auto s = snapshot_at(10);
  p.publish(s, {}, Duration(1));
  pass(s, 1);
  s.consumers[0].alive = false;
  EXPECT_EQ(joules(p.publish(s, {}, Duration(1))->seen, Level::process, "train"), 150);
  pass(s, 101);
  const auto out = p.publish(s, {}, Duration(1));
  EXPECT_EQ(joules(out->seen, Level::process, "train"), -1);
  EXPECT_EQ(joules(out->seen, Level::process, other_consumers), 150);
}

TEST(Publisher, AProcessThatChangesItsNameStaysTheSame) {
  Publisher p({.top = 5}, "h", "i");
  auto s = snapshot_at(10);
  p.publish(s, {}, Duration(1));
  s.consumers[0].name = "python3";
  EXPECT_EQ(joules(p.publish(s, {}, Duration(1))->seen, Level::process, "python3"), 150);
}

TEST(Publisher, ANumberUsedAgainIsAnotherProcess) {
  Publisher p({.top = 5}, "h", "i");
  auto s = snapshot_at(10);
  p.publish(s, {}, Duration(1));
  pass(s, 1);
  s.consumers[0] = consumer(Level::process, "train", 71, 3);
  s.consumers[0].started = 999;
  s.consumers.push_back(consumer(Level::process, "ended", 0, 150, false));
  const auto out = p.publish(s, {}, Duration(1));
  EXPECT_EQ(joules(out->seen, Level::process, "train"), 0);  // named now: what it had before is in "(other)"
  EXPECT_NEAR(level_sum(out->seen, Level::process), 203, 0.3);
}

// Processes begin, end, are forgotten and come again: whatever the order, no counter goes backwards, a series that goes
// on never falls, and each level's sum stays that of the monitor.
TEST(Publisher, NoCounterGoesBackwardsAndTheSumStays) {
  std::mt19937 random(7);
  Publisher p({.top = 4, .rounding = Energy(0.5), .kept = Duration(3)}, "h", "i");
  auto s = snapshot_at(1);
  s.consumers.clear();
  double forgotten = 0, other_before = 0;
  std::map<std::pair<int, std::int64_t>, double> before;
  int next = 1;
  for (int step = 0; step < 400; ++step) {
    pass(s, 1);
    if (random() % 3 == 0) s.consumers.push_back(consumer(Level::process, "p", next++, 0));
    for (auto& c : s.consumers)
      if (c.alive && c.pid) c.joules[0] += static_cast<double>(random() % 100) / 7;
    for (auto& c : s.consumers)
      if (c.pid && random() % 20 == 0) c.alive = false;
    std::erase_if(s.consumers, [&](const Consumer& c) {
      if (c.alive || random() % 5 != 0 || !c.pid) return false;
      forgotten += c.joules[0];
      return true;
    });
    auto told = s;
    told.consumers.push_back(consumer(Level::process, "ended", 0, forgotten, false));
    const double sum = level_sum(told, Level::process);
    const auto out = p.publish(std::move(told), {}, Duration(1));
    ASSERT_LE(out->seen.consumers.size(), 5u);
    ASSERT_NEAR(level_sum(out->seen, Level::process), sum, 0.5 * 5) << step;
    std::map<std::pair<int, std::int64_t>, double> now;
    for (const auto& c : out->seen.consumers) {
      if (c.name == other_consumers) {
        ASSERT_GE(c.joules[0], other_before) << step;
        other_before = c.joules[0];
        continue;
      }
      const std::pair key{c.pid, c.started};
      now[key] = c.joules[0];
      if (before.contains(key)) {
        ASSERT_GE(c.joules[0], before[key]) << step;
      }
    }
    before = std::move(now);
  }
}

TEST(Publisher, AnIdleThatIsLearntToBeLessDoesNotMakeACounterFall) {
  Publisher p({}, "h", "i");
  auto s = snapshot_at(10);
  p.publish(s, {}, Duration(1));
  s.domains[0].idle = Estimate<Energy>::relative(Energy(150), 0.1, Method::measured, "rapl");
  EXPECT_EQ(p.publish(s, {}, Duration(1))->seen.domains[0].idle.value().base(), 200);
}

TEST(Publisher, ALevelThatIsGoneKeepsItsSum) {
  Publisher p({}, "h", "i");
  auto s = snapshot_at(10);
  p.publish(s, {}, Duration(1));
  std::erase_if(s.consumers, [](const Consumer& c) { return c.level == Level::user; });
  const auto out = p.publish(s, {}, Duration(1));
  EXPECT_EQ(joules(out->seen, Level::user, "ada"), -1);
  EXPECT_EQ(joules(out->seen, Level::user, other_consumers), 200);
}

}  // namespace
}  // namespace wattline::meter
