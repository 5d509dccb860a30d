#include "meter/agent/publisher.h"

#include <cmath>
#include <map>
#include <random>
#include <set>

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
  EXPECT_EQ(out->seen.consumers.size(), 7u) << "three, those they overtook, and the others";
  std::size_t hungriest = 0;
  for (const auto& c : out->seen.consumers) hungriest += c.pid > 97;
  EXPECT_EQ(hungriest, 3u);
  pass(s, 121);
  EXPECT_EQ(p.publish(s, {}, Duration(1))->seen.consumers.size(), 5u) << "and now they are only summed up";
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
  EXPECT_EQ(joules(out->seen, Level::process, "idler"), -1) << "two minutes after it was overtaken";
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
  EXPECT_EQ(joules(out->seen, Level::process, once_named), 150);
  EXPECT_EQ(joules(out->seen, Level::process, other_consumers), 0) << "it was told once already";
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
  EXPECT_EQ(joules(out->seen, Level::process, other_consumers), 3);
  EXPECT_NEAR(level_sum(out->seen, Level::process), 203, 0.3);
}

// Processes begin, end, are forgotten and come again: whatever the order, no counter goes backwards, a series that goes
// on never falls, and each level's sum stays that of the monitor.
TEST(Publisher, NoCounterGoesBackwardsAndTheSumStays) {
  std::mt19937 random(7);
  Publisher p({.top = 4, .rounding = Energy(0.5), .kept = Duration(3)}, "h", "i");
  auto s = snapshot_at(1);
  s.consumers.clear();
  double forgotten = 0, other_before = 0, risen = 0;
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
    ASSERT_LE(out->seen.consumers.size(), 10u);
    ASSERT_NEAR(level_sum(out->seen, Level::process), sum, 0.5 * 5) << step;
    std::map<std::pair<int, std::int64_t>, double> now;
    for (const auto& c : out->seen.consumers) {
      if (c.name == other_consumers) {
        ASSERT_GE(c.joules[0], other_before) << step;
        other_before = c.joules[0];
        continue;
      }
      if (c.name == once_named) continue;
      const std::pair key{c.pid, c.started};
      now[key] = c.joules[0];
      if (before.contains(key)) {
        ASSERT_GE(c.joules[0], before[key]) << step;
      }
    }
    // What a scraper adds up: the rises of each series from where it began.
    for (const auto& [key, j] : now) risen += j - (before.contains(key) ? before[key] : 0);
    before = std::move(now);
    ASSERT_NEAR(risen + other_before, sum, 0.25 * (10 + step)) << step << ": each joule is told once";
  }
  EXPECT_GT(risen, 1000);
}

// What is told of a level, as a scraper keeps it.
struct Scraper {
  std::map<std::tuple<std::string, int, std::string>, double> last;
  std::map<std::tuple<std::string, int, std::string>, Time> since;
  double risen = 0;
  void scrape(const Snapshot& s, Level level) {
    std::set<std::tuple<std::string, int, std::string>> met;
    for (const auto& c : s.consumers) {
      if (c.level != level || c.name == once_named) continue;
      const std::tuple key{c.name, c.pid, c.detail};
      EXPECT_TRUE(met.insert(key).second) << c.name << " twice";
      const bool fell = last.contains(key) && c.joules[0] < last[key];
      if (fell) {
        EXPECT_GT(c.since, since[key]) << "a sum that begins again says when";
      } else if (last.contains(key)) {
        EXPECT_EQ(c.since, since[key]);
      }
      risen += c.joules[0] - (fell || !last.contains(key) ? 0 : last[key]);
      last[key] = c.joules[0];
      since[key] = c.since;
      EXPECT_LE(c.since, s.now);
    }
  }
};

TEST(Publisher, ANameThatIsLostAndRegainedBeginsANewSum) {
  Publisher p({.top = 1}, "h", "i");
  auto s = snapshot_at(100);
  s.consumers = {consumer(Level::process, "a", 1, 0), consumer(Level::process, "b", 2, 0)};
  Scraper scraper;
  double sum = 0;
  std::set<Time> begins;
  for (int i = 0; i < 60; ++i) {
    pass(s, 60);
    s.consumers[(i / 10) % 2].joules[0] += 600;
    sum += 600;
    const auto out = p.publish(s, {}, Duration(1));
    scraper.scrape(out->seen, Level::process);
    for (const auto& c : out->seen.consumers)
      if (c.name == "a" && c.joules[0] > 0) begins.insert(c.since);
  }
  EXPECT_GE(begins.size(), 3u);
  EXPECT_NEAR(scraper.risen, sum, 5);
}

// Compilers that run for seconds: those that ended must not keep the places of those that work.
TEST(Publisher, TheEndedKeepNobodyFromBeingNamed) {
  Publisher p({.top = 4}, "h", "i");
  auto s = snapshot_at(10);
  s.consumers.clear();
  p.publish(s, {}, Duration(1));
  for (int i = 1; i <= 8; ++i) {
    if (i > 1) s.consumers.back().alive = false;
    s.consumers.push_back(consumer(Level::process, "cc1", i, 0));
    pass(s, 1);
    p.publish(s, {}, Duration(1));
    pass(s, 4);
    s.consumers.back().joules[0] = 40;
    const auto out = p.publish(s, {}, Duration(1));
    EXPECT_EQ(out->seen.consumers.size(), static_cast<std::size_t>(i) + 1) << "each is told, with what it used";
    pass(s, 1);
    s.consumers.back().joules[0] = 50;
    EXPECT_NEAR(joules(p.publish(s, {}, Duration(1))->seen, Level::process, "cc1"), 10, 1e-9);
  }
}

TEST(Publisher, ANumberUsedAgainWhileItsNameIsStillToldIsToldOnce) {
  Publisher p({.top = 5, .kept = Duration(60)}, "h", "i");
  auto s = snapshot_at(10);
  s.consumers = {consumer(Level::process, "cc1", 71, 0)};
  Scraper scraper;
  const auto publish = [&] {
    pass(s, 1);
    scraper.scrape(p.publish(s, {}, Duration(1))->seen, Level::process);
  };
  publish();
  s.consumers[0].joules[0] = 150;
  publish();
  s.consumers[0].alive = false;
  s.consumers.push_back(consumer(Level::process, "cc1", 71, 3));
  s.consumers[1].started = 999;
  publish();
  s.consumers[1].joules[0] = 43;
  publish();
  EXPECT_NEAR(scraper.risen, 193, 0.3);
  EXPECT_NEAR((scraper.last[{"cc1", 71, ""}]), 150, 0.1) << "the one before it is told till all have seen it";
  pass(s, 60);
  publish();
  s.consumers[1].joules[0] = 53;
  publish();
  EXPECT_NEAR(scraper.risen, 203, 0.3);
  EXPECT_NEAR((scraper.last[{"cc1", 71, ""}]), 10, 0.1);
}

TEST(Publisher, AProcessOnTwoBoardsIsTwoAndAccountsOfOneNameAreOne) {
  Publisher p({.top = 5}, "h", "i");
  auto s = snapshot_at(10);
  s.consumers = {consumer(Level::gpu_process, "train", 71, 10), consumer(Level::gpu_process, "train", 71, 20),
                 consumer(Level::process, "short-lived", 0, 5, false), consumer(Level::process, "short-lived", 0, 7)};
  s.consumers[0].detail = "gpu-0";
  s.consumers[1].detail = "gpu-1";
  const auto out = p.publish(s, {}, Duration(1));
  Scraper scraper;
  scraper.scrape(out->seen, Level::gpu_process);
  scraper.scrape(out->seen, Level::process);
  EXPECT_EQ((scraper.last[{"train", 71, "gpu-0"}]), 10);
  EXPECT_EQ((scraper.last[{"train", 71, "gpu-1"}]), 20);
  EXPECT_EQ((scraper.last[{"short-lived", 0, ""}]), 12);
}

// A user logs off, is summed up with the ended, and logs on again between two publications.
TEST(Publisher, OneThatIsForgottenAndComesAgainBeginsAnew) {
  Publisher p({.top = 5}, "h", "i");
  auto s = snapshot_at(10);
  s.consumers = {consumer(Level::user, "ada", 0, 150)};
  Scraper scraper;
  scraper.scrape(p.publish(s, {}, Duration(1))->seen, Level::user);
  pass(s, 1);
  s.consumers = {consumer(Level::user, "ada", 0, 2), consumer(Level::user, "ended", 0, 150, false)};
  const auto out = p.publish(s, {}, Duration(1));
  scraper.scrape(out->seen, Level::user);
  EXPECT_NEAR(level_sum(out->seen, Level::user), 152, 0.3);
  EXPECT_NEAR(scraper.risen, 152, 0.3);
}

TEST(Publisher, TheBeginningOfItsCountersStandsStillWhenTheClockIsSet) {
  Publisher p({}, "h", "i");
  auto s = snapshot_at(10);
  const Time begun = p.publish(s, {}, Duration(1))->counted_since;
  EXPECT_EQ(begun, s.started);
  pass(s, 1);
  s.started = s.started + Duration(3600);
  s.now = s.now + Duration(3600);
  EXPECT_EQ(p.publish(s, {}, Duration(1))->counted_since, begun);
  s.started = s.started + Duration(-86400);
  s.now = s.now + Duration(-86400);
  EXPECT_EQ(p.publish(s, {}, Duration(1))->counted_since, s.started) << "no sum begins after its end";
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
  EXPECT_EQ(joules(out->seen, Level::user, once_named), 200);
}

}  // namespace
}  // namespace wattline::meter
