// The traps of adaptation: who is new is as without it, who is loud moves nobody else, what was learned fades.
#include "policy/adapt/user_adaptation.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"

namespace wattline::policy {
namespace {

constexpr Time start{1'700'000'000'000'000'000};

TEST(UserAdaptationTest, WhoIsNewIsServedAsWithoutIt) {
  UserAdaptation a;
  EXPECT_EQ(a.shift("ann", "chat", start), 0);
  a.learn("ann", "chat", 1, 0.5, start);
  EXPECT_EQ(a.shift("ann", "code", start), 0);
  EXPECT_EQ(a.shift("bob", "chat", start), 0);
}

TEST(UserAdaptationTest, ItIsThePosteriorLessThePrior) {
  UserAdaptation a({.keep = 1, .most = 1});
  for (int i = 0; i < 6; ++i) a.learn("ann", "chat", i < 5, 0.7, start);
  // Beta(8 * 0.7 + 5, 8 * 0.3 + 1) has the mean 10.6 / 14.
  EXPECT_NEAR(a.shift("ann", "chat", start), 10.6 / 14 - 0.7, 1e-12);
}

TEST(UserAdaptationTest, WhatWasPredictedRightMovesNothing) {
  UserAdaptation a;
  for (int i = 0; i < 1000; ++i) a.learn("ann", "chat", i % 10 != 0, 0.9, start);
  EXPECT_LT(std::abs(a.shift("ann", "chat", start)), 0.03);
}

// One loud user moves nobody else, and itself by no more than the bound.
TEST(UserAdaptationTest, OneLoudUserMovesNobodyElse) {
  UserAdaptation a;
  for (int i = 0; i < 100'000; ++i) a.learn("loud", "chat", 0, 0.99, start);
  EXPECT_EQ(a.shift("loud", "chat", start), -0.15);
  for (const char* other : {"ann", "bob", "lou", "loud2", ""}) EXPECT_EQ(a.shift(other, "chat", start), 0);
}

TEST(UserAdaptationTest, DriftDecaysWithTimeAndWithVerdicts) {
  UserAdaptation a({.half_life = Duration(100), .most = 1});
  for (int i = 0; i < 50; ++i) a.learn("ann", "chat", 0, 0.8, start);
  const double before = a.shift("ann", "chat", start);
  EXPECT_LT(before, -0.5);
  EXPECT_GT(a.shift("ann", "chat", start + Duration(300)), before / 2);
  EXPECT_GT(a.shift("ann", "chat", start + Duration(5000)), -1e-6);
  // A clock that goes back makes nothing stronger.
  EXPECT_EQ(a.shift("ann", "chat", Time{start.ns - 1'000'000'000'000}), before);
  // A change of mind: after 60 verdicts the other way the shift has the other sign, as old ones weigh 0.98^60.
  for (int i = 0; i < 60; ++i) a.learn("ann", "chat", 1, 0.5, start);
  EXPECT_GT(a.shift("ann", "chat", start), 0);
}

TEST(UserAdaptationTest, OddNumbersChangeNothing) {
  UserAdaptation a;
  for (const double v : {-0.1, 1.1, std::nan(""), HUGE_VAL}) a.learn("ann", "chat", v, 0.5, start);
  a.learn("", "chat", 1, 0.5, start);
  a.learn(std::string(300, 'x'), "chat", 1, 0.5, start);
  EXPECT_TRUE(a.entries(start).empty());
  a.learn("ann", "chat", 1, std::nan(""), start);
  EXPECT_NEAR(a.shift("ann", "chat", start), 0.5 / 9, 1e-12);
}

TEST(UserAdaptationTest, ErasingLeavesNothing) {
  UserAdaptation a;
  a.learn("ann", "chat", 0, 0.5, start);
  a.learn("ann", "code", 0, 0.5, start);
  a.learn("bob", "chat", 0, 0.5, start);
  EXPECT_EQ(a.entries(start, "ann").size(), 2u);
  EXPECT_EQ(a.erase("ann"), 2u);
  EXPECT_EQ(a.erase("ann"), 0u);
  EXPECT_EQ(a.shift("ann", "chat", start), 0);
  EXPECT_LT(a.shift("bob", "chat", start), 0);
  EXPECT_EQ(a.state().dump().find("ann"), std::string::npos);
  EXPECT_EQ(a.erase_all(), 1u);
}

TEST(UserAdaptationTest, MemoryIsBoundedAndTheQuietGoFirst) {
  UserAdaptation a({.users = 3});
  for (int i = 0; i < 10; ++i) a.learn("u" + std::to_string(i), "", 0, 0.5, start + Duration(i));
  ASSERT_EQ(a.entries(start).size(), 3u);
  EXPECT_EQ(a.entries(start)[0].user, "u7");
}

TEST(UserAdaptationTest, StateComesBackWhole) {
  UserAdaptation a, b;
  a.learn("ann", "chat", 0, 0.9, start);
  a.learn("bob", "", 1, 0.2, start);
  b.restore(parse_json(a.state().dump()));
  EXPECT_EQ(b.state(), a.state());
  EXPECT_EQ(b.salt(), a.salt());
  EXPECT_EQ(b.shift("ann", "chat", start), a.shift("ann", "chat", start));
  EXPECT_NE(UserAdaptation().salt(), a.salt());
}

TEST(UserAdaptationTest, BrokenStatesChangeNothing) {
  UserAdaptation a;
  a.learn("ann", "chat", 0, 0.9, start);
  const Json good = a.state();
  for (
      const char* bad :
      {"{}", "[]", "3", R"({"version":2,"salt":"x","entries":[]})", R"({"version":1,"salt":"x","entries":[]})",
       R"({"version":1,"salt":"0123456789abcdef0123456789abcdef","entries":[{"user":"u"}]})",
       R"({"version":1,"salt":"0123456789abcdef0123456789abcdef","entries":[{"user":"u","intent":"","verdicts":-1,"expected":0,"n":1,"at":"2026-01-01"}]})",
       R"({"version":1,"salt":"0123456789abcdef0123456789abcdef","entries":[{"user":"u","intent":"","verdicts":2,"expected":0,"n":1,"at":"2026-01-01"}]})",
       R"({"version":1,"salt":"0123456789abcdef0123456789abcdef","entries":[{"user":"","intent":"","verdicts":0,"expected":0,"n":1,"at":"2026-01-01"}]})"})
    EXPECT_THROW(a.restore(parse_json(bad)), Error) << bad;
  EXPECT_EQ(a.state(), good);
}

}  // namespace
}  // namespace wattline::policy
