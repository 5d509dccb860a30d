#include "policy/evaluate/feedback_log.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "policy/select/testing.h"

namespace wattline::policy {
namespace {

using ::testing::HasSubstr;

std::string line(bool small, double quality, double propensity) {
  return R"({"quality":)" + std::to_string(quality) + R"(,"model":")" + (small ? "small" : "large") +
         R"(","energy_j":)" + (small ? "10" : "100") + R"(,"propensity":)" + std::to_string(propensity) +
         R"(,"decision":"rest","candidates":[{"model":"small","quality":0.9,"energy_j":10},{"model":"large","quality":0.95,"energy_j":100}]})" +
         "\n";
}

// A log that chose the small model one time in four; small answers content with 0.6, large ones with 0.9.
std::string logged(int n) {
  std::mt19937_64 random(3);
  const auto unit = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  std::string out;
  for (int i = 0; i < n; ++i) {
    const bool small = unit() < 0.25;
    out += line(small, unit() < (small ? 0.6 : 0.9), small ? 0.25 : 0.75);
  }
  return out;
}

TEST(FeedbackLogTest, WhatWasSeldomChosenIsJudgedRightAllTheSame) {
  const auto log = read_feedback_log(logged(8000), "f");
  const auto cheapest = tests::made("cheapest_adequate", R"({"min_quality": 0.8})");
  const auto j = judge_on_feedback(log, *cheapest, 0, 200, 1);
  // Always the small one: 0.6, not the 0.825 of the log.
  EXPECT_NEAR(j.quality.self_normalised.value, 0.6, 0.04);
  EXPECT_NEAR(j.quality.doubly_robust.value, 0.6, 0.04);
  EXPECT_NEAR(j.energy.self_normalised.value, 10, 1e-9);
  EXPECT_LT(j.quality.self_normalised.interval.low, 0.6);
  EXPECT_GT(j.quality.self_normalised.interval.high, 0.58);
  EXPECT_NEAR(j.quality.mean_weight, 1, 0.1);
}

TEST(FeedbackLogTest, FaultyLinesAreNamed) {
  const auto fault = [](std::string text) {
    try {
      read_feedback_log(line(true, 1, 0.5) + text, "f.jsonl");
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string("none");
  };
  EXPECT_THAT(fault("{"), HasSubstr("f.jsonl:2"));
  EXPECT_THAT(fault("3"), HasSubstr("f.jsonl:2"));
  EXPECT_THAT(fault("{}"), HasSubstr("'quality' is missing"));
  EXPECT_THAT(fault(R"({"quality":2})"), HasSubstr("0 to 1"));
  EXPECT_THAT(fault(line(true, 1, 0)), HasSubstr("propensity"));
  EXPECT_THAT(fault(line(true, 1, 1.5)), HasSubstr("propensity"));
  EXPECT_THAT(fault(R"({"quality":1,"candidates":3})"), HasSubstr("no list"));
  EXPECT_THAT(
      fault(R"({"quality":1,"model":"x","energy_j":1,"propensity":1,"candidates":[{"model":"a"},{"model":"b"}]})"),
      HasSubstr("no candidate"));
  // An answer that no router chose is passed over, and a blank line.
  EXPECT_EQ(fault("\n"
                  R"({"quality":1,"model":"x"})"),
            "none");
  EXPECT_THROW(read_feedback_log("", "f"), Error);
  EXPECT_THROW(read_feedback_log(R"({"quality":1})", "f"), Error);
}

}  // namespace
}  // namespace wattline::policy
