#include "study/rank.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wattline::study {
namespace {

using Doubles = std::vector<double>;

TEST(MannWhitney, ExactAgainstEveryArrangement) {
  std::mt19937_64 random(17);
  for (int round = 0; round < 20; ++round) {
    const std::size_t m = 1 + random() % 5, n = 1 + random() % 5;
    Doubles all(m + n);
    std::iota(all.begin(), all.end(), 1.0);
    std::shuffle(all.begin(), all.end(), random);
    const Doubles a(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(m)),
        b(all.begin() + static_cast<std::ptrdiff_t>(m), all.end());
    const RankTest t = mann_whitney(a, b);
    EXPECT_TRUE(t.exact);
    // All ways to choose which ranks belong to b.
    std::vector<int> chosen(m + n, 0);
    std::fill(chosen.end() - static_cast<std::ptrdiff_t>(n), chosen.end(), 1);
    double total = 0, below = 0, above = 0;
    do {
      double u = 0, seen = 0;
      for (const int c : chosen) c ? u += seen : seen += 1;
      total += 1;
      below += u <= t.statistic;
      above += u >= t.statistic;
    } while (std::next_permutation(chosen.begin(), chosen.end()));
    EXPECT_NEAR(t.p, std::min(1.0, 2 * std::min(below, above) / total), 1e-12);
  }
}

// The smallest two-sided p of four against four is 2 of 70 arrangements.
TEST(MannWhitney, SmallestOfFourAndFour) {
  const RankTest t = mann_whitney(Doubles{1, 2, 3, 4}, Doubles{5, 6, 7, 8});
  EXPECT_DOUBLE_EQ(t.statistic, 16);
  EXPECT_NEAR(t.p, 2.0 / 70, 1e-12);
}

TEST(MannWhitney, TiesAndManyValuesTakeTheNormalForm) {
  const RankTest ties = mann_whitney(Doubles{1, 2, 2, 3}, Doubles{2, 3, 4, 5});
  EXPECT_FALSE(ties.exact);
  EXPECT_TRUE(ties.ties);
  EXPECT_GT(ties.p, 0.05);
  // At the border of exactness both forms agree.
  std::mt19937_64 random(23);
  std::normal_distribution<double> z(0, 1);
  Doubles a(20), b(20);
  for (double& x : a) x = z(random);
  for (double& x : b) x = 0.7 + z(random);
  const RankTest exact = mann_whitney(a, b);
  ASSERT_TRUE(exact.exact);
  const double u = exact.statistic,
               normal = std::erfc((std::abs(u - 200) - 0.5) / std::sqrt(400.0 / 12 * 41) / std::sqrt(2.0));
  EXPECT_NEAR(exact.p, normal, 0.01);
}

TEST(MannWhitney, NothingToRank) {
  EXPECT_FALSE(mann_whitney(Doubles{1, 1}, Doubles{1, 1}).no_test.empty());
  EXPECT_FALSE(mann_whitney(Doubles{}, Doubles{1}).no_test.empty());
}

// kruskal.test(weight ~ group, PlantGrowth): 7.9882, df = 2, p = 0.01842.
TEST(KruskalWallis, PlantGrowthAsInR) {
  const RankTest t = kruskal_wallis({{"ctrl", {4.17, 5.58, 5.18, 6.11, 4.50, 4.61, 5.17, 4.53, 5.33, 5.14}},
                                     {"trt1", {4.81, 4.17, 4.41, 3.59, 5.87, 3.83, 6.03, 4.89, 4.32, 4.69}},
                                     {"trt2", {6.31, 5.12, 5.54, 5.50, 5.37, 5.29, 4.92, 6.15, 5.80, 5.26}}});
  EXPECT_NEAR(t.statistic, 7.9882, 5e-5);
  EXPECT_NEAR(t.p, 0.01842, 5e-6);
  EXPECT_TRUE(t.ties);
  EXPECT_FALSE(kruskal_wallis({{"a", {2, 2}}, {"b", {2}}}).no_test.empty());
  EXPECT_FALSE(kruskal_wallis({{"a", {2, 3}}}).no_test.empty());
}

TEST(Wilcoxon, ExactAgainstEverySign) {
  const Doubles a{0, 0, 0, 0, 0, 0}, b{1, -2, 3, 4, -5, 6};
  const RankTest t = wilcoxon_signed_rank(a, b);
  EXPECT_DOUBLE_EQ(t.statistic, 14);
  double below = 0, above = 0;
  for (int signs = 0; signs < 64; ++signs) {
    double w = 0;
    for (int k = 0; k < 6; ++k) w += (signs >> k & 1) * (k + 1);
    below += w <= 14;
    above += w >= 14;
  }
  EXPECT_NEAR(t.p, 2 * std::min(below, above) / 64, 1e-12);
}

// wilcox.test(sleep1, sleep2, paired = TRUE): V = 0 with a zero and ties, p = 0.009091.
TEST(Wilcoxon, SleepAsInR) {
  const RankTest t = wilcoxon_signed_rank(Doubles{0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0},
                                          Doubles{1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4});
  EXPECT_DOUBLE_EQ(t.statistic, 45);
  EXPECT_NEAR(t.p, 0.009091, 5e-4);
  EXPECT_FALSE(wilcoxon_signed_rank(Doubles{1, 2}, Doubles{1, 2}).no_test.empty());
}

TEST(HodgesLehmann, IsTheMedianOfAllDifferences) {
  EXPECT_DOUBLE_EQ(hodges_lehmann(Doubles{1, 2, 10}, Doubles{3, 5, 4}, false), 2);
  EXPECT_DOUBLE_EQ(hodges_lehmann(Doubles{0, 0}, Doubles{1, 3}, true), 2);
  EXPECT_DOUBLE_EQ(hodges_lehmann(Doubles{0, 1}, Doubles{5, 7}, false), 5.5);
  EXPECT_TRUE(std::isnan(hodges_lehmann(Doubles{}, Doubles{1}, false)));
}

TEST(Ranks, TiesShare) {
  double ties = 0;
  EXPECT_THAT(ranks(Doubles{3, 1, 3, 2}, &ties), testing::ElementsAre(3.5, 1, 3.5, 2));
  EXPECT_DOUBLE_EQ(ties, 6);
}

}  // namespace
}  // namespace wattline::study
