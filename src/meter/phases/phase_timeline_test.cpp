#include "meter/phases/phase_timeline.h"

#include <algorithm>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wattline::meter {
namespace {

using testing::ElementsAre;

Time at(double seconds) { return Time{static_cast<std::int64_t>(seconds * 1e9)}; }
PhaseEvent begin(const std::string& name, double t) { return {PhaseVerb::begin, name, at(t)}; }
PhaseEvent end(const std::string& name, double t) { return {PhaseVerb::end, name, at(t)}; }
PhaseEvent mark(const std::string& name, double t) { return {PhaseVerb::mark, name, at(t)}; }

double length(const std::vector<PhaseSpan>& spans) {
  double sum = 0;
  for (const auto& s : spans) sum += s.length().base();
  return sum;
}
const PhaseTimes& of(const PhaseTimeline& line, const std::string& name) {
  const auto it = std::find_if(line.phases.begin(), line.phases.end(), [&](const auto& p) { return p.name == name; });
  EXPECT_NE(it, line.phases.end()) << name;
  return *it;
}

TEST(PhaseTimeline, NothingMarkedIsAllOutside) {
  const auto line = phase_timeline({}, at(0), at(10));
  EXPECT_TRUE(line.phases.empty());
  EXPECT_EQ(length(line.outside), 10);
}

TEST(PhaseTimeline, OneAfterTheOtherAndAgain) {
  const auto line = phase_timeline({begin("a", 1), end("a", 3), begin("b", 3), end("b", 4), begin("a", 6), end("a", 9)},
                                   at(0), at(10));
  EXPECT_EQ(of(line, "a").times, 2u);
  EXPECT_EQ(length(of(line, "a").own), 5);
  EXPECT_EQ(length(of(line, "a").open), 5);
  EXPECT_EQ(length(of(line, "b").own), 1);
  EXPECT_EQ(length(line.outside), 1 + 2 + 1);
  EXPECT_FALSE(line.overlap);
}

TEST(PhaseTimeline, NestedOnesOwnTheirTime) {
  const auto line =
      phase_timeline({begin("epoch", 1), begin("step", 2), end("step", 5), end("epoch", 7)}, at(0), at(8));
  EXPECT_EQ(length(of(line, "epoch").own), 3);
  EXPECT_EQ(length(of(line, "epoch").open), 6);
  EXPECT_EQ(length(of(line, "step").own), 3);
  EXPECT_TRUE(line.overlap);
}

TEST(PhaseTimeline, OverlappingOfThreadsAndTheSameNameTwiceAtOnce) {
  const auto line = phase_timeline(
      {begin("a", 0), begin("b", 2), end("a", 4), end("b", 6), begin("w", 6), begin("w", 7), end("w", 8), end("w", 9)},
      at(0), at(10));
  EXPECT_EQ(length(of(line, "a").own), 2);
  EXPECT_EQ(length(of(line, "a").open), 4);
  EXPECT_EQ(length(of(line, "b").own), 4);
  EXPECT_EQ(length(of(line, "w").open), 3) << "two at once are one time";
  EXPECT_EQ(of(line, "w").times, 2u);
}

TEST(PhaseTimeline, MarksFollowOneAnotherUnderTheOthers) {
  auto events = std::vector{mark("load", 1), mark("train", 3), begin("check", 4), end("check", 5), mark("", 7)};
  events.push_back({PhaseVerb::next, "", at(8)});
  events.push_back({PhaseVerb::next, "", at(9)});
  const auto line = phase_timeline(events, at(0), at(10));
  EXPECT_EQ(length(of(line, "load").own), 2);
  EXPECT_EQ(length(of(line, "train").own), 3);
  EXPECT_EQ(length(of(line, "train").open), 4);
  EXPECT_EQ(length(of(line, "check").own), 1);
  EXPECT_EQ(length(of(line, "phase 1").own), 1);
  EXPECT_EQ(length(of(line, "phase 2").own), 1);
  EXPECT_EQ(length(line.outside), 2);
  EXPECT_THAT(line.unclosed, ElementsAre()) << "the last mark lasts until the end by its nature";
}

TEST(PhaseTimeline, UnclosedAndUnmatchedAreTold) {
  const auto line = phase_timeline({begin("a", 1), begin("a", 2), end("b", 3), end("never", 4)}, at(0), at(5));
  EXPECT_EQ(line.unmatched, 2u);
  EXPECT_THAT(line.unclosed, ElementsAre("a"));
  EXPECT_EQ(length(of(line, "a").own), 4);
}

TEST(PhaseTimeline, TimesOutOfOrderAndOutOfTheRun) {
  const auto line =
      phase_timeline({end("a", 3), begin("a", 1), begin("b", -5), end("b", 0.5), begin("c", 99)}, at(0), at(10));
  EXPECT_EQ(length(of(line, "a").own), 2);
  EXPECT_EQ(length(of(line, "b").own), 0.5);
  EXPECT_EQ(length(of(line, "c").own), 0);
}

TEST(PhaseTimeline, FloodsAreBounded) {
  std::vector<PhaseEvent> events;
  for (int i = 0; i < 5000; ++i) events.push_back(begin("n" + std::to_string(i), 1));
  for (int i = 0; i < 5000; ++i) events.push_back(begin("n0", 2));
  const auto line = phase_timeline(events, at(0), at(10));
  EXPECT_EQ(line.phases.size(), most_phase_names);
  EXPECT_EQ(line.left_out, 10'000 - most_phases_open);
}

// Whatever is marked, own times and what is outside are the whole, once.
TEST(PhaseTimeline, AlwaysAddsUp) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    std::vector<PhaseEvent> events;
    const int n = static_cast<int>(random() % 40);
    for (int i = 0; i < n; ++i)
      events.push_back({static_cast<PhaseVerb>(random() % 4), std::string(1, static_cast<char>('a' + random() % 4)),
                        at(static_cast<double>(random() % 1200) / 100 - 1)});
    const auto line = phase_timeline(events, at(0), at(10));
    double sum = length(line.outside);
    for (const auto& p : line.phases) {
      sum += length(p.own);
      EXPECT_LE(length(p.own), length(p.open) + 1e-9);
      for (std::size_t i = 1; i < p.open.size(); ++i) EXPECT_LT(p.open[i - 1].to, p.open[i].from);
    }
    EXPECT_NEAR(sum, 10, 1e-6);
  }
}

}  // namespace
}  // namespace wattline::meter
