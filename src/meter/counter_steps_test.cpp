#include "meter/counter_steps.h"

#include <gtest/gtest.h>

namespace wattline::meter {
namespace {

using Kind = CounterSteps::Kind;
constexpr std::int64_t second = 1'000'000'000;
constexpr double range = 262143.328850;  // 2^32 steps of 61 uJ

TEST(CounterSteps, RisesAreEnergy) {
  CounterSteps c(range, Power(500), Duration(1e-3));
  EXPECT_EQ(c.next(0, 100).kind, Kind::first);
  const auto s = c.next(2 * second, 350);
  EXPECT_EQ(s.kind, Kind::rise);
  EXPECT_DOUBLE_EQ(s.joules, 250);
  EXPECT_DOUBLE_EQ(s.length.base(), 2);
  EXPECT_TRUE(s.known);
  EXPECT_FALSE(s.least);
}

TEST(CounterSteps, AWrapIsWhatCanHaveBeenDrawn) {
  CounterSteps c(range, Power(500), Duration(1e-3));
  c.next(0, range - 40);
  const auto s = c.next(second, 60);
  EXPECT_EQ(s.kind, Kind::wrap);
  EXPECT_NEAR(s.joules, 100, 1e-6);
}

TEST(CounterSteps, WhatCannotHaveBeenDrawnIsAReset) {
  CounterSteps c(range, Power(500), Duration(1e-3));
  c.next(0, range / 2);
  const auto s = c.next(second, 60);
  EXPECT_EQ(s.kind, Kind::reset);
  EXPECT_FALSE(s.known);
  EXPECT_EQ(s.joules, 0);
  EXPECT_DOUBLE_EQ(c.next(2 * second, 160).joules, 100) << "it goes on from where the counter is now";
}

TEST(CounterSteps, AcrossASleepAStepBackIsAReset) {
  CounterSteps c(range, Power(500), Duration(1e-3));
  c.next(0, range - 40);
  EXPECT_EQ(c.next(second, 60, true).kind, Kind::reset);
  // A counter that went on through the sleep has measured it.
  EXPECT_TRUE(c.next(9 * second, 100, true).known);
}

TEST(CounterSteps, ALongGapGivesALowerBoundAndSaysSo) {
  CounterSteps c(range, Power(500), Duration(1e-3));
  c.next(0, 1000);
  const auto s = c.next(600 * second, 1200);  // 300 kJ may have been drawn: more than a range
  EXPECT_TRUE(s.least);
  EXPECT_DOUBLE_EQ(s.joules, 200);
}

TEST(CounterSteps, ASmallStepBackOfACounterThatDoesNotWrapIsNoise) {
  CounterSteps c(0, Power(500), Duration(0.1));
  c.next(0, 50000);
  EXPECT_EQ(c.next(second, 49999).kind, Kind::noise);
  EXPECT_DOUBLE_EQ(c.next(2 * second, 50100).joules, 100) << "the way back up is not counted twice";
  EXPECT_EQ(c.next(3 * second, 10).kind, Kind::reset);
  EXPECT_EQ(c.next(4 * second, 0).kind, Kind::reset) << "a counter at 0 began anew, however small the step";
}

TEST(CounterSteps, AJumpThatNothingCanHaveDrawnIsNotEnergy) {
  CounterSteps c(0, Power(500), Duration(0.1));
  c.next(0, 100);
  EXPECT_FALSE(c.next(second, 1e12).known);
  EXPECT_DOUBLE_EQ(c.next(2 * second, 1e12 + 250).joules, 250);
}

TEST(CounterSteps, ARangeOfZeroIsNeverPutRight) {
  CounterSteps c(0, Power(1e9), Duration(1e-3));
  c.next(0, 1000);
  EXPECT_EQ(c.next(1000 * second, 500).kind, Kind::reset);
}

TEST(CounterSteps, AClockThatStandsStillMakesNoWrap) {
  CounterSteps c(range, Power(500), Duration(1e-3));
  c.next(second, range - 1);
  const auto s = c.next(second, 1);
  EXPECT_EQ(s.kind, Kind::reset);
  EXPECT_EQ(c.next(0, 2).length.base(), 0) << "and one that goes back no negative time";
}

}  // namespace
}  // namespace wattline::meter
