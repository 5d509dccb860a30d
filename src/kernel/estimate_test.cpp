#include "kernel/estimate.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

namespace wattline {
namespace {

using E = Estimate<Energy>;

struct Sampled {
  double mean, sd, low, high;
};

Sampled monte_carlo(auto&& draw) {
  std::mt19937_64 random(42);
  std::vector<double> x(200'000);
  for (double& v : x) v = draw(random);
  std::sort(x.begin(), x.end());
  double mean = 0, square = 0;
  for (double v : x) mean += v;
  mean /= static_cast<double>(x.size());
  for (double v : x) square += (v - mean) * (v - mean);
  return {mean, std::sqrt(square / static_cast<double>(x.size())), x[x.size() / 40], x[x.size() - x.size() / 40]};
}

double normal(std::mt19937_64& r, double mean, double sd) { return std::normal_distribution<double>(mean, sd)(r); }
// Log-normal with given mean and standard deviation.
double positive(std::mt19937_64& r, double mean, double sd) {
  const double v = std::log1p(sd * sd / mean / mean);
  return std::lognormal_distribution<double>(std::log(mean) - v / 2, std::sqrt(v))(r);
}

void expect_close(const RawEstimate& e, const Sampled& mc, double tolerance) {
  EXPECT_NEAR(e.value() / mc.mean, 1, tolerance);
  EXPECT_NEAR(e.sd() / mc.sd, 1, tolerance);
  EXPECT_NEAR(e.interval().low, mc.low, tolerance * mc.mean);
  EXPECT_NEAR(e.interval().high, mc.high, tolerance * mc.mean);
}

TEST(Estimate, SumOfIndependentPartsMatchesMonteCarlo) {
  const E a = E::with_sd(Energy(10), Energy(1), Method::measured, "a");
  const E b = E::with_sd(Energy(20), Energy(2), Method::measured, "b");
  expect_close((a + b).raw(), monte_carlo([](auto& r) { return normal(r, 10, 1) + normal(r, 20, 2); }), 0.01);
}

TEST(Estimate, ProductMatchesMonteCarloAlsoWhenWide) {
  const auto energy = E::with_sd(Energy(10), Energy(3), Method::modelled, "");
  const auto intensity =
      Estimate<CarbonIntensity>::with_sd(CarbonIntensity(5), CarbonIntensity(1), Method::modelled, "");
  expect_close((energy * intensity).raw(), monte_carlo([](auto& r) { return positive(r, 10, 3) * positive(r, 5, 1); }),
               0.02);
}

TEST(Estimate, QuotientMatchesMonteCarloForModestSpread) {
  const auto energy = E::with_sd(Energy(10), Energy(0.5), Method::measured, "");
  const auto tokens = Estimate<Tokens>::with_sd(Tokens(50), Tokens(2), Method::measured, "");
  expect_close((energy / tokens).raw(), monte_carlo([](auto& r) { return normal(r, 10, 0.5) / normal(r, 50, 2); }),
               0.01);
}

TEST(Estimate, DifferenceMayBeNegative) {
  const E a = E::with_sd(Energy(10), Energy(1), Method::measured, "");
  const E b = E::with_sd(Energy(10.5), Energy(1), Method::measured, "");
  const E d = a - b;
  EXPECT_LT(d.low().base(), 0);
  EXPECT_GT(d.high().base(), 0);
  EXPECT_NEAR(d.sd().base(), std::sqrt(2.0), 1e-12);
}

// The point of the class: rows that share a grid factor do not average its error away.
TEST(Estimate, SharedFactorDoesNotBecomeFalselyCertain) {
  const auto grid =
      Estimate<CarbonIntensity>::relative(CarbonIntensity(1), 0.2, Method::declared, "g").from_factor("grid.FR");
  Estimate<Carbon> total = Estimate<Carbon>::exact(Carbon(0));
  const int rows = 10'000;
  for (int i = 0; i < rows; ++i) total += E::with_sd(Energy(1), Energy(0.5), Method::modelled, "row") * grid;
  EXPECT_NEAR(total.value().base(), rows, 1e-6);
  const double relative = (total.high() - total.low()).base() / total.value().base() / 2;
  EXPECT_NEAR(relative, 0.2, 0.01);  // the grid's 20 % stays
  EXPECT_NEAR(total.raw().independent_sd() / rows, 0.005, 0.0005);  // the rows' own error averages out
}

TEST(Estimate, RatioOfTheSameFactorCancels) {
  const auto pue = Estimate<Ratio>::relative(Ratio(1.5), 0.3, Method::declared, "").from_factor("pue");
  const E a = E::exact(Energy(10)) * pue, b = E::exact(Energy(5)) * pue;
  const auto ratio = a / b;
  EXPECT_DOUBLE_EQ(ratio.value(), 2);
  EXPECT_NEAR(ratio.sd().base(), 0, 1e-12);
}

TEST(Estimate, MethodIsTheWorstOfItsParts) {
  const E measured = E::with_sd(Energy(1), Energy(0), Method::measured, "rapl");
  const E modelled = E::with_sd(Energy(1), Energy(0), Method::modelled, "tdp");
  EXPECT_EQ((measured + measured).method(), Method::measured);
  EXPECT_EQ((measured + modelled).method(), Method::modelled);
  EXPECT_EQ((measured + modelled).raw().sources(), (std::set<std::string>{"rapl", "tdp"}));
}

TEST(Estimate, PositiveIntervalsStayPositive) {
  const E wide = E::with_sd(Energy(1), Energy(2), Method::modelled, "");
  EXPECT_GT(wide.low().base(), 0);
  EXPECT_LE(wide.low().base(), wide.value().base());
  EXPECT_GE(wide.high().base(), wide.value().base());
}

TEST(Estimate, PrintsWithIntervalAndMethod) {
  const E e = E::relative(1.366 * units::kWh, 0.2, Method::modelled, "TDP");
  EXPECT_EQ(to_string(e), "1.366 kWh (1.11 .. 1.66, modelled)");
  EXPECT_EQ(e.measure("Wh").value, 1366);
  EXPECT_EQ(e.measure("Wh").unit, "Wh");
}

}  // namespace
}  // namespace wattline
