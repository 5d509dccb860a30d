#include <cmath>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/series.h"

namespace wattline {
namespace {

using testing::ElementsAre;
using testing::NanSensitiveDoubleEq;

Time at(double s) { return Time{static_cast<std::int64_t>(std::llround(s * 1e9))}; }
const double nan_value = std::nan("");
Series of(std::vector<std::pair<double, double>> samples) {
  Series s{"power", "W", {}, {}};
  for (const auto& [t, v] : samples) s.add(at(t), v);
  return s;
}

TEST(SeriesResample, LinearAndHold) {
  const Series s = of({{0, 0}, {2, 20}, {4, 10}});
  EXPECT_THAT(resample(s, Duration(1)).values, ElementsAre(0, 10, 20, 15, 10));
  EXPECT_THAT(resample(s, Duration(1), Resampling::hold).values, ElementsAre(0, 0, 20, 20, 10));
  EXPECT_EQ(resample(s, Duration(1)).unit, "W");
}

TEST(SeriesResample, MeanIsThatOfTheStraightLines) {
  EXPECT_THAT(resample(of({{0, 0}, {2, 20}, {4, 10}}), Duration(2), Resampling::mean).values, ElementsAre(10, 15));
  // Not the mean of the samples: these are crowded where the power is low.
  EXPECT_THAT(resample(of({{0, 0}, {0.1, 0}, {0.2, 0}, {0.3, 0}, {1, 10}}), Duration(1), Resampling::mean, 0).values,
              ElementsAre(3.5));
}

TEST(SeriesResample, GapsStayGaps) {
  const Series s = of({{0, 1}, {1, 1}, {2, 1}, {8, 1}, {9, nan_value}, {10, 1}});
  EXPECT_THAT(resample(s, Duration(1)).values,
              ElementsAre(1, 1, 1, NanSensitiveDoubleEq(nan_value), NanSensitiveDoubleEq(nan_value),
                          NanSensitiveDoubleEq(nan_value), NanSensitiveDoubleEq(nan_value),
                          NanSensitiveDoubleEq(nan_value), 1, NanSensitiveDoubleEq(nan_value), 1));
  const Series means = resample(s, Duration(4), Resampling::mean);
  EXPECT_THAT(means.values, ElementsAre(1, NanSensitiveDoubleEq(nan_value), NanSensitiveDoubleEq(nan_value)));
}

// The means times their steps are the integral.
TEST(SeriesResample, MeanKeepsTheIntegral) {
  std::mt19937_64 random(5);
  std::uniform_real_distribution<double> unit(0, 1);
  for (int round = 0; round < 100; ++round) {
    Series s = of({{0, 10}});
    double t = 0;
    while (t < 29) s.add(at(t += 0.05 + unit(random)), 100 * unit(random));
    s.add(at(32), 5);
    constexpr double parts[] = {1, 2, 4, 5, 8, 10, 16, 20, 25, 40, 50};  // whole nanoseconds
    const double step = 32.0 / parts[random() % 11];
    const Series means = resample(s, Duration(step), Resampling::mean, 0);
    double sum = 0;
    for (const double v : means.values) sum += v * step;
    ASSERT_NEAR(sum, integrate(s, {}, {}, 0).value, 1e-4);
  }
}

TEST(SeriesResample, SmallAndBrokenRecords) {
  EXPECT_EQ(resample({}, Duration(1)).size(), 0u);
  for (const auto how : {Resampling::linear, Resampling::hold, Resampling::mean})
    EXPECT_THAT(resample(of({{3, 7}}), Duration(1), how).values, ElementsAre(7));
  EXPECT_THAT(resample(of({{2, 2}, {1, 1}, {0, 0}}), Duration(1)).values, ElementsAre(0, 1, 2));
}

TEST(SeriesResample, RefusesStepsThatCannotBe) {
  const Series s = of({{0, 0}, {1e6, 1}});
  for (const double step : {0.0, -1.0, nan_value, 1e-10, 1e-4})
    EXPECT_THROW(resample(s, Duration(step)), Error) << step;
}

TEST(SeriesAlign, FindsTheShift) {
  std::mt19937_64 random(7);
  Series a, b;
  std::vector<double> level(400);
  for (double& v : level) v = static_cast<double>(random() % 1000);
  for (int i = 0; i < 400; ++i) {
    a.add(at(i), level[static_cast<std::size_t>(i)]);
    if (i >= 50 && i < 300) b.add(at(i - 12.5), 3 * level[static_cast<std::size_t>(i)] + 40);
  }
  const Alignment found = align(a, b, Duration(60), Duration(0.5));
  EXPECT_NEAR(found.lag.base(), 12.5, 1e-9);
  EXPECT_NEAR(found.correlation, 1, 1e-9);
  EXPECT_NEAR(align(b, a, Duration(60), Duration(0.5)).lag.base(), -12.5, 1e-9);
  EXPECT_LT(align(a, b, Duration(5), Duration(0.5)).correlation, 0.5);  // out of reach
}

TEST(SeriesAlign, NextToPlainSums) {
  std::mt19937_64 random(9);
  Series a, b;
  for (int i = 0; i < 40; ++i) a.add(at(i), i % 11 == 4 ? nan_value : static_cast<double>(random() % 100));
  for (int i = 0; i < 30; ++i) b.add(at(i), i % 7 == 2 ? nan_value : static_cast<double>(random() % 100));
  double best = -2, best_lag = 0;
  for (int lag = -20; lag <= 20; ++lag) {
    double n = 0, sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0;
    for (int i = 0; i < 30; ++i) {
      const int j = i + lag;
      if (j < 0 || j >= 40) continue;
      const double x = a.values[static_cast<std::size_t>(j)], y = b.values[static_cast<std::size_t>(i)];
      if (std::isnan(x) || std::isnan(y)) continue;
      n += 1, sx += x, sy += y, sxx += x * x, syy += y * y, sxy += x * y;
    }
    if (n < 12.5) continue;
    const double r = (sxy / n - sx * sy / n / n) / std::sqrt((sxx / n - sx * sx / n / n) * (syy / n - sy * sy / n / n));
    if (r > best) best = r, best_lag = lag;
  }
  const Alignment found = align(a, b, Duration(20), Duration(1));
  EXPECT_DOUBLE_EQ(found.lag.base(), best_lag);
  EXPECT_NEAR(found.correlation, best, 1e-9);
}

TEST(SeriesAlign, WhatDoesNotVaryHasNoLag) {
  const Series flat = of({{0, 5}, {1, 5}, {2, 5}, {3, 5}, {4, 5}}), ramp = of({{0, 1}, {1, 2}, {2, 4}, {3, 1}, {4, 2}});
  EXPECT_EQ(align(flat, ramp, Duration(2), Duration(1)).correlation, 0);
  EXPECT_EQ(align(ramp, flat, Duration(2), Duration(1)).lag.base(), 0);
  EXPECT_THROW(align(ramp, {}, Duration(2), Duration(1)), Error);
  EXPECT_THROW(align(ramp, of({{0, nan_value}}), Duration(2), Duration(1)), Error);
  EXPECT_THROW(align(ramp, ramp, Duration(-1), Duration(1)), Error);
}

constexpr double rapl_range = 262143.328850;  // J: 2^32 counts of 2^-14 J

TEST(Counter, WrapsAt32BitsAndAtTheRaplRange) {
  const CounterSeries c = unwrap(of({{0, 4294967000}, {1, 4294967290}, {2, 100}, {3, 400}}), 4294967296.0, 1000);
  EXPECT_EQ(c.wraps, 1u);
  EXPECT_EQ(c.resets, 0u);
  EXPECT_THAT(c.total.values, ElementsAre(0, 290, 396, 696));
  const CounterSeries rapl = unwrap(of({{0, rapl_range - 50}, {1, 50}}), rapl_range, 400);
  EXPECT_NEAR(rapl.total.values.back(), 100, 1e-6);
}

TEST(Counter, AResetIsAGapNotAGuess) {
  const CounterSeries c = unwrap(of({{0, 100}, {1, 150}, {2, 3}, {3, 53}}), rapl_range, 400);
  EXPECT_EQ(c.wraps, 0u);
  EXPECT_EQ(c.resets, 1u);
  ASSERT_EQ(c.total.size(), 5u);
  EXPECT_TRUE(std::isnan(c.total.values[2]));
  EXPECT_EQ(c.total.times[2], at(1.5));
  EXPECT_DOUBLE_EQ(c.total.values.back(), 100);
  EXPECT_EQ(find_faults(c.total).gaps.size(), 1u);
}

TEST(Counter, WithoutARangeEveryStepBackIsAReset) {
  EXPECT_EQ(unwrap(of({{0, 5}, {1, 1}, {2, 0}}), 0, 1e9).resets, 2u);
  EXPECT_EQ(unwrap(of({{0, 5}, {0, 1}}), 10, 1e9).resets, 1u);  // nothing rises in no time
}

TEST(Counter, TellsWhenItMayHaveWrappedMoreThanOnce) {
  EXPECT_EQ(unwrap(of({{0, 0}, {10, 5}}), 100, 9).ambiguous, 0u);
  EXPECT_EQ(unwrap(of({{0, 0}, {10, 5}, {11, 6}}), 100, 11).ambiguous, 1u);
}

TEST(Counter, GapsArePassedAndNothingIsLost) {
  const CounterSeries c = unwrap(of({{0, nan_value}, {1, 90}, {2, nan_value}, {3, 10}}), 100, 50);
  EXPECT_EQ(c.wraps, 1u);
  EXPECT_DOUBLE_EQ(c.total.values.back(), 20);
  EXPECT_EQ(unwrap({}, 100, 1).total.size(), 0u);
}

TEST(Counter, RecoversARandomRise) {
  std::mt19937_64 random(21);
  for (int round = 0; round < 50; ++round) {
    Series truth, counter;
    double total = static_cast<double>(random() % 65536);
    const double begin = total;
    for (int i = 0; i < 200; ++i) {
      truth.add(at(i), total - begin);
      counter.add(at(i), std::fmod(total, 65536));
      total += static_cast<double>(random() % 30000);
    }
    EXPECT_EQ(unwrap(counter, 65536, 30000).total.values, truth.values);
  }
}

}  // namespace
}  // namespace wattline
