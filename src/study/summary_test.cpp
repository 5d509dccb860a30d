#include "study/summary.h"

#include <cmath>

#include <gtest/gtest.h>

namespace wattline::study {
namespace {

TEST(Moments, SurviveLeadingDigits) {
  std::vector<double> v;
  for (const double x : {0.25, 0.5, 0.75, 0.375}) v.push_back(1e12 + x);
  const Moments m = moments(v);
  EXPECT_EQ(m.mean, 1e12 + 0.46875);
  EXPECT_NEAR(m.variance(), 0.0455729166666667, 1e-12);
}

TEST(Moments, OfFewValues) {
  EXPECT_TRUE(std::isnan(moments({}).mean));
  const std::vector<double> one{5};
  EXPECT_EQ(moments(one).mean, 5);
  EXPECT_TRUE(std::isnan(moments(one).sd()));
}

TEST(Quantile, AsInRType7) {
  const std::vector<double> v{1, 2, 3, 4};
  EXPECT_DOUBLE_EQ(quantile(v, 0.25), 1.75);
  EXPECT_DOUBLE_EQ(quantile(v, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(quantile(v, 1), 4);
  EXPECT_TRUE(std::isnan(quantile({}, 0.5)));
}

TEST(Summary, MarksButKeepsOutliers) {
  const std::vector<double> v{10, 11, 12, 11, 10, 12, 60};
  const Summary s = summarise(v, 0.95);
  EXPECT_EQ(s.outliers, 1u);
  EXPECT_EQ(s.m.n, 7u);
  EXPECT_DOUBLE_EQ(s.greatest, 60);
  EXPECT_DOUBLE_EQ(s.median, 11);
  ASSERT_TRUE(s.cv.has_value());
  EXPECT_LT(*s.geometric_mean, s.m.mean);
}

TEST(Summary, TInterval) {
  const std::vector<double> v{4.17, 5.58, 5.18, 6.11, 4.50, 4.61, 5.17, 4.53, 5.33, 5.14};
  const Summary s = summarise(v, 0.95);
  EXPECT_NEAR(s.mean_interval.low, 4.6148818, 1e-6);  // t.test in R
  EXPECT_NEAR(s.mean_interval.high, 5.4491182, 1e-6);
}

TEST(Summary, NegativeAndConstantValues) {
  const std::vector<double> v{-1, 2};
  EXPECT_FALSE(summarise(v, 0.95).geometric_mean.has_value());
  const std::vector<double> flat{2, 2, 2};
  EXPECT_EQ(summarise(flat, 0.95).outliers, 0u);
  EXPECT_EQ(summarise(flat, 0.95).mean_interval.low, 2);
}

TEST(Autocorrelation, OfTrendsAndOfAlternation) {
  const std::vector<double> rising{1, 2, 3, 4, 5, 6, 7, 8}, turning{1, -1, 1, -1, 1, -1};
  EXPECT_GT(lag_one_autocorrelation(rising), 0.5);
  EXPECT_LT(lag_one_autocorrelation(turning), -0.5);
  EXPECT_TRUE(std::isnan(lag_one_autocorrelation(std::vector<double>{1, 1, 1})));
}

}  // namespace
}  // namespace wattline::study
