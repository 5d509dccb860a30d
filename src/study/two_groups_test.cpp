#include "study/two_groups.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace wattline::study {
namespace {

// R's `sleep` (Student 1908).
const std::vector<double> sleep1{0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0};
const std::vector<double> sleep2{1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};

TEST(Welch, SleepAsInR) {
  const MeanDifference d = welch(sleep1, sleep2, 0.95);
  EXPECT_NEAR(d.t, 1.8608134674868526, 1e-13);
  EXPECT_NEAR(d.df, 17.776473516, 1e-8);
  EXPECT_NEAR(d.p, 0.0793941401873581, 1e-14);
  EXPECT_NEAR(d.interval.low, -0.2054832, 1e-6);
  EXPECT_NEAR(d.interval.high, 3.3654832, 1e-6);
}

TEST(Paired, SleepAsInR) {
  const MeanDifference d = paired(sleep1, sleep2, 0.95);
  EXPECT_NEAR(d.t, 4.062127683382037, 1e-13);
  EXPECT_EQ(d.df, 9);
  EXPECT_NEAR(d.p, 0.0028328901973842632, 1e-15);
  EXPECT_NEAR(d.interval.low, 0.7001142, 1e-6);
  EXPECT_NEAR(d.interval.high, 2.4598858, 1e-6);
}

TEST(Student, SleepAsInR) {
  const MeanDifference d = student(sleep1, sleep2, 0.95);
  EXPECT_EQ(d.df, 18);
  EXPECT_NEAR(d.t, 1.8608134674868526, 1e-13);
  EXPECT_NEAR(d.p, 0.07918671421593818, 1e-13);
}

// Unequal sizes and spreads: the second example of Wikipedia's article on Welch's test.
TEST(Welch, UnequalSizesAndSpreads) {
  const std::vector<double> a{19.8, 20.4, 19.6, 17.8, 18.5, 18.9, 18.3, 18.9, 19.5, 22.0};
  const std::vector<double> b{28.2, 26.6, 20.1, 23.3, 25.2, 22.1, 17.7, 27.6, 20.6, 13.7,
                              23.2, 17.5, 20.6, 18.0, 23.9, 21.6, 24.3, 20.4, 24.0, 13.2};
  const MeanDifference d = welch(a, b, 0.95);
  EXPECT_NEAR(d.t, 2.21924, 1e-4);
  EXPECT_NEAR(d.df, 24.4963, 1e-3);
  EXPECT_NEAR(d.p, 0.0359723, 1e-6);
}

TEST(Welch, SurvivesLeadingDigits) {
  std::vector<double> a, b;
  for (const double x : sleep1) a.push_back(std::round(x * 1024) / 1024 + 1e9);
  for (const double x : sleep2) b.push_back(std::round(x * 1024) / 1024 + 1e9);
  std::vector<double> plain_a, plain_b;
  for (const double x : a) plain_a.push_back(x - 1e9);
  for (const double x : b) plain_b.push_back(x - 1e9);
  EXPECT_NEAR(welch(a, b, 0.95).t, welch(plain_a, plain_b, 0.95).t, 1e-12);
}

TEST(Welch, SaysWhyThereIsNoTest) {
  const std::vector<double> one{3}, flat{2, 2, 2}, other_flat{5, 5}, some{1, 2, 3};
  EXPECT_FALSE(welch(one, some, 0.95).no_test.empty());
  EXPECT_FALSE(welch(flat, other_flat, 0.95).no_test.empty());
  EXPECT_FALSE(welch({}, some, 0.95).no_test.empty());
  EXPECT_DOUBLE_EQ(welch(flat, other_flat, 0.95).difference, 3);
  EXPECT_TRUE(std::isnan(welch(flat, other_flat, 0.95).p));
  const MeanDifference half = welch(flat, some, 0.95);  // one that varies is enough
  EXPECT_TRUE(half.no_test.empty());
  EXPECT_DOUBLE_EQ(half.df, 2);
  EXPECT_FALSE(paired(some, std::vector<double>{2, 3, 4}, 0.95).no_test.empty());
  EXPECT_FALSE(effect_size(flat, other_flat, false, 0.95).has_value());
  EXPECT_FALSE(relative_difference(flat, other_flat, false, 0.95).has_value());
}

TEST(Welch, TinySpreadsDoNotVanish) {
  const std::vector<double> a{1e-200, 2e-200, 3e-200}, b{4e-200, 5e-200, 7e-200};
  const std::vector<double> big_a{1, 2, 3}, big_b{4, 5, 7};
  const MeanDifference tiny = welch(a, b, 0.95);
  if (tiny.no_test.empty()) EXPECT_NEAR(tiny.p, welch(big_a, big_b, 0.95).p, 1e-6);
  else EXPECT_TRUE(std::isnan(tiny.p));
}

TEST(RelativeDifference, FiellerHoldsItsCoverage) {
  std::mt19937_64 random(8);
  std::normal_distribution<double> za(100, 15), zb(80, 10);
  int inside = 0;
  constexpr int studies = 2000;
  for (int s = 0; s < studies; ++s) {
    std::vector<double> a(8), b(12);
    for (double& x : a) x = za(random);
    for (double& x : b) x = zb(random);
    const auto r = relative_difference(a, b, false, 0.95);
    ASSERT_TRUE(r.has_value());
    inside += r->interval.low <= -0.2 && -0.2 <= r->interval.high;
  }
  EXPECT_NEAR(inside / static_cast<double>(studies), 0.95, 0.02);
}

TEST(RelativeDifference, NothingWhenTheReferenceMayBeZero) {
  EXPECT_FALSE(relative_difference(sleep1, sleep2, false, 0.95).has_value());
  const std::vector<double> negative{-10, -11, -9}, less{-12, -13, -11};
  const auto r = relative_difference(negative, less, false, 0.95);
  ASSERT_TRUE(r.has_value());
  EXPECT_NEAR(r->value, -0.2, 1e-12);
  EXPECT_LT(r->interval.low, -0.2);
  EXPECT_GT(r->interval.high, -0.2);
}

TEST(RelativeDifference, PairsAreNarrowerWhereTheyGoTogether) {
  const std::vector<double> a{100, 200, 300, 400}, b{81, 159, 241, 322};
  const auto with = relative_difference(a, b, true, 0.95), without = relative_difference(a, b, false, 0.95);
  ASSERT_TRUE(with.has_value());
  EXPECT_LT(with->interval.high - with->interval.low, 0.2);
  EXPECT_TRUE(!without || without->interval.high - without->interval.low > 0.3);
}

TEST(EffectSize, HedgesCorrectionAndInterval) {
  const auto e = effect_size(sleep1, sleep2, false, 0.95);
  ASSERT_TRUE(e.has_value());
  EXPECT_NEAR(e->d, 1.8608134674868526 * std::sqrt(0.2), 1e-12);
  EXPECT_NEAR(e->g / e->d, 1 - 3.0 / (4 * 18 - 1), 2e-4);  // the usual approximation of J
  EXPECT_LT(e->interval.low, 0);  // as p > 0.05
  EXPECT_GT(e->interval.high, e->g);
  // At the ends of d's interval the observed t lies in a 2.5 % tail: known for t = 1.8608, df = 18.
  EXPECT_NEAR(e->interval.low / (e->g / e->d), -0.0975, 0.02);
}

TEST(EffectSize, CliffsDelta) {
  EXPECT_DOUBLE_EQ(cliffs_delta(std::vector<double>{1, 2, 3}, std::vector<double>{4, 5}), 1);
  EXPECT_DOUBLE_EQ(cliffs_delta(std::vector<double>{4, 5}, std::vector<double>{1, 2, 3}), -1);
  EXPECT_DOUBLE_EQ(cliffs_delta(std::vector<double>{1, 2}, std::vector<double>{1, 2}), 0);
}

TEST(Equivalence, IsTheNarrowerIntervalInside) {
  std::mt19937_64 random(4);
  std::normal_distribution<double> z(100, 2);
  for (int round = 0; round < 100; ++round) {
    std::vector<double> a(6), b(6);
    for (double& x : a) x = z(random);
    for (double& x : b) x = z(random) + 1;
    const MeanDifference d = welch(a, b, 0.90);
    const bool inside = -3 < d.interval.low && d.interval.high < 3;
    EXPECT_EQ(equivalence(d, 3).p() < 0.05, inside);
  }
}

TEST(Equivalence, IsSeldomFalse) {
  std::mt19937_64 random(6);
  std::normal_distribution<double> z(0, 1);
  int wrong = 0;
  constexpr int studies = 4000;
  for (int s = 0; s < studies; ++s) {
    std::vector<double> a(10), b(10);
    for (double& x : a) x = z(random);
    for (double& x : b) x = 1.5 + z(random);  // exactly the margin: not equivalent
    wrong += equivalence(welch(a, b, 0.9), 1.5).p() < 0.05;
  }
  EXPECT_LT(wrong / static_cast<double>(studies), 0.06);
}

TEST(Power, PlannedNumbersReachTheirPower) {
  const std::size_t n = needed_per_group(1, 1.2, 0.05, 0.8, false);
  EXPECT_GE(n, 11u);
  EXPECT_LE(n, 13u);
  std::mt19937_64 random(12);
  std::normal_distribution<double> z(0, 1);
  int found = 0;
  constexpr int studies = 4000;
  for (int s = 0; s < studies; ++s) {
    std::vector<double> a(n), b(n);
    for (double& x : a) x = z(random);
    for (double& x : b) x = 1.2 + z(random);
    found += welch(a, b, 0.95).p < 0.05;
  }
  EXPECT_NEAR(found / static_cast<double>(studies), 0.81, 0.03);
}

TEST(Power, OfNothing) {
  EXPECT_EQ(needed_per_group(0, 1, 0.05, 0.8, false), 0u);
  EXPECT_EQ(needed_per_group(1, 0, 0.05, 0.8, false), 0u);
  EXPECT_GT(needed_per_group(1, 1e-6, 0.05, 0.8, false), 1'000'000u);
}

}  // namespace
}  // namespace wattline::study
