// Calibration, drift, trade-off curves and off-policy values, against cases whose truth is known.
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "kernel/error.h"
#include "policy/evaluate/calibration.h"
#include "policy/evaluate/curve.h"
#include "policy/evaluate/drift.h"
#include "policy/evaluate/off_policy.h"
#include "policy/select/testing.h"

namespace wattline::policy {
namespace {

double unit(std::mt19937_64& r) { return std::uniform_real_distribution<double>(0, 1)(r); }

struct Predictions {
  std::vector<double> predicted, observed;
};
// Outcomes of probability `truth(p)`.
template <class F>
Predictions drawn(std::size_t n, std::uint64_t seed, F truth) {
  std::mt19937_64 r(seed);
  Predictions out;
  for (std::size_t i = 0; i < n; ++i) {
    out.predicted.push_back(unit(r));
    out.observed.push_back(unit(r) < truth(out.predicted.back()));
  }
  return out;
}

TEST(CalibrationTest, TrueProbabilitiesHaveNoError) {
  const auto p = drawn(20'000, 1, [](double x) { return x; });
  const auto e = calibration_error(p.predicted, p.observed, 10, 200);
  EXPECT_LT(e.ece, 0.012);
  EXPECT_NEAR(e.brier, 1.0 / 6, 0.01);
  const auto off = drawn(20'000, 2, [](double x) { return 0.5 * x; });
  const auto bad = calibration_error(off.predicted, off.observed, 10, 200);
  EXPECT_NEAR(bad.ece, 0.25, 0.01);
  EXPECT_LT(bad.interval.low, bad.ece);
  EXPECT_GT(bad.interval.high, bad.ece);
  EXPECT_EQ(calibration_error({}, {}).ece, 0);
}

TEST(CalibrationTest, ReliabilityBinsHoldAllRows) {
  const auto p = drawn(1003, 3, [](double x) { return x * x; });
  const auto bins = reliability(p.predicted, p.observed, 10);
  ASSERT_EQ(bins.size(), 10u);
  std::size_t n = 0;
  for (const auto& b : bins) {
    n += b.n;
    EXPECT_LE(b.low, b.predicted);
    EXPECT_LE(b.predicted, b.high);
    EXPECT_LE(b.interval.low, b.observed);
    EXPECT_GE(b.interval.high, b.observed);
  }
  EXPECT_EQ(n, 1003u);
  EXPECT_EQ(reliability(std::vector<double>{0.5}, std::vector<double>{1}).size(), 1u);
}

TEST(CalibrationTest, WilsonKnowsTheTextbook) {
  // 8 of 10 at 95 %: 0.490 .. 0.943 (Brown, Cai, DasGupta 2001).
  const Interval i = wilson(8, 10);
  EXPECT_NEAR(i.low, 0.4902, 1e-3);
  EXPECT_NEAR(i.high, 0.9433, 1e-3);
  EXPECT_EQ(wilson(0, 0).low, 0);
  EXPECT_EQ(wilson(0, 0).high, 1);
}

// A promised lower bound holds as often as promised.
TEST(CalibrationTest, TheLowerBoundCovers) {
  int held = 0, rounds = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const auto p = drawn(1000, seed, [](double x) { return 0.4 + 0.5 * x; });
    LowerBound bound;
    bound.fit(p.predicted, p.observed, 200, 0.90);
    for (const double x : {0.2, 0.5, 0.8}) held += bound(x) <= 0.4 + 0.5 * x, ++rounds;
  }
  EXPECT_GT(held, 0.85 * rounds);
  EXPECT_LT(held, 0.99 * rounds);
  EXPECT_EQ(LowerBound()(0.9), 0);
}

TEST(DriftTest, AlarmsComeAfterAChangeAndSeldomBefore) {
  int false_alarms = 0, found = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    std::mt19937_64 r(seed);
    PageHinkley page;
    bool early = false, late = false;
    for (int i = 0; i < 1000; ++i) early = page.add(unit(r) < 0.2) || early;
    for (int i = 0; i < 400; ++i) late = page.add(unit(r) < 0.5) || late;
    false_alarms += early, found += late;
  }
  EXPECT_LE(false_alarms, 5);
  EXPECT_GE(found, 48);
  PageHinkley page;
  EXPECT_FALSE(page.add(NAN));
}

TEST(DriftTest, ThreeSigmaComparesAWindowWithItsPast) {
  int false_alarms = 0, found = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    std::mt19937_64 r(seed);
    ThreeSigma drift;
    bool early = false, late = false;
    for (int i = 0; i < 700; ++i) early = drift.add(unit(r)) || early;
    for (int i = 0; i < 200; ++i) late = drift.add(0.3 + unit(r)) || late;
    false_alarms += early, found += late;
  }
  EXPECT_LE(false_alarms, 6);
  EXPECT_GE(found, 45);
}

TEST(TradeOffTest, AreaOfKnownCurves) {
  std::mt19937_64 r(1);
  const std::size_t n = 4000;
  std::vector<double> weak(n), strong(n), oracle(n), chance(n), none(n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    weak[i] = unit(r) < 0.5, strong[i] = unit(r) < 0.8;
    oracle[i] = strong[i] - weak[i], chance[i] = unit(r);
  }
  EXPECT_NEAR(trade_off(none, weak, strong).apgr, 0.5, 1e-9);  // ties are random, exactly
  EXPECT_NEAR(trade_off(chance, weak, strong).apgr, 0.5, 0.05);
  const TradeOff best = trade_off(oracle, weak, strong);
  EXPECT_GT(best.apgr, 1);
  EXPECT_NEAR(best.quality.front(), best.weak, 1e-12);
  EXPECT_NEAR(best.quality.back(), best.strong, 1e-12);
  EXPECT_LT(best.cpt(0.8), best.cpt(1));
  EXPECT_NEAR(best.quality_at(best.cpt(0.5)), best.weak + 0.5 * (best.strong - best.weak), 1e-9);
  auto worst = oracle;
  for (double& x : worst) x = -x;
  EXPECT_LT(trade_off(worst, weak, strong).apgr, 0);
  const auto interval = trade_off_intervals(chance, weak, strong, 300, 1).apgr;
  EXPECT_LT(interval.low, 0.5);
  EXPECT_GT(interval.high, 0.5);
}

TEST(TradeOffTest, FourRowsByHand) {
  // In order of score: gains +1, 0, +1, -1; weak total 1. Qualities 1/4, 2/4, 2/4, 3/4, 2/4.
  const std::vector<double> score = {4, 3, 2, 1}, weak = {0, 0, 0, 1}, strong = {1, 0, 1, 0};
  const TradeOff t = trade_off(score, weak, strong);
  EXPECT_NEAR(t.weak, 0.25, 1e-12);
  EXPECT_NEAR(t.strong, 0.5, 1e-12);
  EXPECT_NEAR(t.apgr, ((0.375 + 0.5 + 0.625 + 0.625) / 4 - 0.25) / 0.25, 1e-12);
  EXPECT_NEAR(t.cpt(1), 0.25, 1e-12);
  EXPECT_TRUE(std::isnan(t.cpt(3)));
}

// Two actions, contexts x: the log prefers action 1, the judged policy action 0 where x < 0.5.
struct World {
  std::vector<LoggedChoice> log;
  double truth = 0;
};
World world(std::size_t n, std::uint64_t seed, bool good_model) {
  std::mt19937_64 r(seed);
  const auto mean = [](double x, int a) { return a == 0 ? 0.9 - 0.6 * x : 0.4 + 0.4 * x; };
  World w;
  for (std::size_t i = 0; i < n; ++i) {
    const double x = unit(r), p1 = 0.3 + 0.5 * x;
    const int a = unit(r) < p1;
    const int judged = x < 0.5 ? 0 : 1;
    LoggedChoice c;
    c.reward = unit(r) < mean(x, a);
    c.logged = a ? p1 : 1 - p1;
    c.target = a == judged;
    c.predicted = good_model ? mean(x, a) : 0.9;
    c.predicted_target = good_model ? mean(x, judged) : 0.9;
    w.log.push_back(c);
  }
  w.truth = 0.5 * (0.9 - 0.6 * 0.25) + 0.5 * (0.4 + 0.4 * 0.75);
  return w;
}

TEST(OffPolicyTest, IntervalsHoldTheTruthAsOftenAsTheySay) {
  int ips = 0, self = 0, robust = 0;
  double wide = 0, narrow = 0;
  const int rounds = 200;
  for (int k = 0; k < rounds; ++k) {
    const World w = world(500, static_cast<std::uint64_t>(k + 1), true);
    const OffPolicy o = off_policy(w.log, 0, 300);
    const auto holds = [&](const PolicyValue& v) { return v.interval.low <= w.truth && w.truth <= v.interval.high; };
    ips += holds(o.ips), self += holds(o.self_normalised), robust += holds(o.doubly_robust);
    wide += o.ips.interval.high - o.ips.interval.low;
    narrow += o.doubly_robust.interval.high - o.doubly_robust.interval.low;
  }
  // 95 % of 200 is 190; four standard deviations below that is 178.
  for (const int held : {ips, self, robust}) {
    EXPECT_GE(held, 178);
    EXPECT_LT(held, rounds);
  }
  EXPECT_LT(narrow, 0.9 * wide);
}

TEST(OffPolicyTest, ABadRewardModelDoesNotBiasTheRobustForm) {
  double sum = 0, naive = 0;
  for (int k = 0; k < 100; ++k) {
    const World w = world(1000, static_cast<std::uint64_t>(k + 1), false);
    sum += off_policy(w.log, 0, 0).doubly_robust.value / 100;
    for (const auto& c : w.log) naive += c.reward / 1e5;
  }
  const double truth = world(1, 1, true).truth;
  EXPECT_NEAR(sum, truth, 0.01);
  EXPECT_GT(std::abs(naive - truth), 0.05);  // the log's own mean is not the answer
}

TEST(OffPolicyTest, TellsHowMuchTheLogSupports) {
  std::vector<LoggedChoice> log(100, LoggedChoice{1, 0.5, 0.5, 0, 0});
  EXPECT_NEAR(off_policy(log).effective_n, 100, 1e-9);
  log[0] = {1, 0.001, 1, 0, 0};
  const OffPolicy o = off_policy(log);
  EXPECT_LT(o.effective_n, 2);
  EXPECT_EQ(o.largest_weight, 1000);
  EXPECT_EQ(off_policy(log, 10).largest_weight, 10);
  EXPECT_THROW(off_policy({}), Error);
  log[0].logged = 0;
  EXPECT_THROW(off_policy(log), Error);
  log[0].logged = NAN;
  EXPECT_THROW(off_policy(log), Error);
}

// What an algorithm of the family would do, told from a log of another: the chances are all that is needed.
TEST(OffPolicyTest, JudgesOneAlgorithmByTheLogOfAnother) {
  const auto logger = tests::made("weighted"), judged = tests::made("cheapest_adequate", R"({"min_quality": 0.6})");
  std::mt19937_64 r(9);
  std::vector<LoggedChoice> log;
  const double right[] = {0.55, 0.72, 0.9};
  for (int i = 0; i < 4000; ++i) {
    const auto c = tests::three();
    std::vector<double> scores(3);
    const Choice made = logger->choose(c, {}, r, scores);
    const auto a = static_cast<std::size_t>(made.candidate);
    log.push_back({unit(r) < right[a] ? 1.0 : 0.0, made.propensity, tests::chances(*judged, c)[a], 0, 0});
  }
  EXPECT_NEAR(off_policy(log).self_normalised.value, 0.72, 0.04);
}

}  // namespace
}  // namespace wattline::policy
