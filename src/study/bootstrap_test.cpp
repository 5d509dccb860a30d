#include "study/bootstrap.h"

#include <cmath>
#include <fstream>
#include <random>
#include <sstream>

#include <gtest/gtest.h>

#include "kernel/testing.h"
#include "study/distributions.h"

namespace wattline::study {
namespace {

double mean_of_first(const std::vector<Values>& g) { return moments(g[0]).mean; }

TEST(Bootstrap, TheSameSeedTheSameInterval) {
  const std::vector<double> v{1, 5, 2, 8, 3, 9};
  const auto once = bootstrap({v}, mean_of_first, 500, 0.95, std::mt19937_64(3));
  const auto again = bootstrap({v}, mean_of_first, 500, 0.95, std::mt19937_64(3));
  EXPECT_EQ(once.bca.low, again.bca.low);
  EXPECT_EQ(once.bca.high, again.bca.high);
  EXPECT_NE(once.bca.low, bootstrap({v}, mean_of_first, 500, 0.95, std::mt19937_64(4)).bca.low);
  EXPECT_NEAR(once.value, 28.0 / 6, 1e-12);
}

TEST(Bootstrap, StandardErrorIsThatOfTheMean) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> z(10, 3);
  std::vector<double> v(50);
  for (double& x : v) x = z(random);
  const auto b = bootstrap({v}, mean_of_first, 4000, 0.95, std::mt19937_64(2));
  EXPECT_NEAR(b.standard_error / moments(v).standard_error(), 1, 0.05);
}

// Skewed values: the interval must hold what it promises, and better than the percentile one.
TEST(Bootstrap, Coverage) {
  std::mt19937_64 random(77);
  std::lognormal_distribution<double> skewed(0, 0.7);
  const double truth = std::exp(0.245);
  int bca = 0, plain = 0;
  constexpr int studies = 600;
  for (int s = 0; s < studies; ++s) {
    std::vector<double> v(30);
    for (double& x : v) x = skewed(random);
    const auto b = bootstrap({v}, mean_of_first, 500, 0.95, std::mt19937_64(static_cast<std::uint64_t>(s)));
    bca += b.bca.low <= truth && truth <= b.bca.high;
    plain += b.percentile.low <= truth && truth <= b.percentile.high;
  }
  EXPECT_GT(bca / static_cast<double>(studies), 0.90);
  EXPECT_LT(bca / static_cast<double>(studies), 0.98);
  EXPECT_GE(bca, plain - 6);
}

TEST(Bootstrap, ConstantAndSingleValues) {
  const std::vector<double> flat{4, 4, 4}, one{7};
  for (const auto& v : {flat, one}) {
    const auto b = bootstrap({v}, mean_of_first, 100, 0.95, std::mt19937_64(1));
    EXPECT_EQ(b.bca.low, v[0]);
    EXPECT_EQ(b.bca.high, v[0]);
  }
}

TEST(Bootstrap, StatisticsThatFailAreLeftOut) {
  const std::vector<double> v{0, 1};
  const auto ratio = [](const std::vector<Values>& g) { return 1 / moments(g[0]).mean; };
  const auto b = bootstrap({v}, ratio, 200, 0.95, std::mt19937_64(1));
  EXPECT_LT(b.resamples, 200u);
  EXPECT_TRUE(std::isfinite(b.bca.high));
}

TEST(StudentizedRange, AgainstReferenceValues) {
  EXPECT_NEAR(studentized_range_quantile(0.95, 3, 27), 3.506426, 1e-5);  // published tables: 3.51
  EXPECT_NEAR(studentized_range_quantile(0.95, 2, 10), std::sqrt(2.0) * t_quantile(0.975, 10), 1e-7);
  EXPECT_TRUE(std::isnan(studentized_range_cdf(1, 1, 10)));
  EXPECT_EQ(studentized_range_cdf(-1, 3, 10), 0);
  const auto shared = tests::shared_dir();
  if (!shared) GTEST_SKIP() << "skipped: no shared data";
  std::ifstream in(*shared / "data" / "nist-anova" / "studentized_range_cdf.csv");
  if (!in) GTEST_SKIP() << "skipped: no shared data";
  std::string line;
  std::getline(in, line);
  int rows = 0;
  while (std::getline(in, line)) {
    double q = 0, k = 0, v = 0, cdf = 0;
    char comma = 0;
    std::istringstream words(line);
    if (!(words >> q >> comma >> k >> comma >> v >> comma >> cdf)) continue;
    EXPECT_NEAR(studentized_range_cdf(q, static_cast<int>(k), v), cdf, 1e-9) << line;
    ++rows;
  }
  EXPECT_GT(rows, 20);
}

TEST(Distributions, NaNInNaNOut) {
  const double n = std::nan("");
  for (const double v : {t_two_sided(n, 5), t_two_sided(1, n), t_two_sided(1, 0), f_upper(n, 1, 2), f_upper(-1, 1, 2),
                         chi_squared_upper(-1, 2), t_quantile(0, 5), t_quantile(1, 5), normal_quantile(0),
                         noncentral_t_cdf(n, 1, 1), studentized_range_cdf(n, 3, 5)})
    EXPECT_TRUE(std::isnan(v));
  EXPECT_NEAR(t_two_sided(1e6, 2) / 1e-12, 1, 1e-6);  // 1 - t / sqrt(2 + t^2): far tails keep their digits
}

}  // namespace
}  // namespace wattline::study
