#include "study/correlation.h"

#include <cmath>

#include <gtest/gtest.h>

namespace wattline::study {
namespace {

// Reference figures: by hand.
const std::vector<double> x{1, 2, 3, 4, 5, 6}, y{2, 1, 4, 3, 7, 5};

TEST(Correlation, PearsonAndSpearman) {
  const Correlation p = pearson(x, y);
  EXPECT_NEAR(p.r, 0.7917946548886297, 1e-12);
  EXPECT_NEAR(p.p, 0.0605, 1e-4);  // 1 - sin a (1 + cos^2 a / 2), tan a = t / 2: Student with 4 degrees
  const Correlation s = spearman(x, y);
  EXPECT_NEAR(s.r, 0.8285714285714286, 1e-12);
  EXPECT_EQ(s.n, 6u);
}

TEST(Correlation, LeavesOutWhatIsNotFinite) {
  std::vector<double> a = x, b = y;
  a.push_back(NAN);
  b.push_back(3);
  a.push_back(2);
  b.push_back(INFINITY);
  EXPECT_EQ(pearson(a, b).n, 6u);
  EXPECT_NEAR(pearson(a, b).r, pearson(x, y).r, 1e-15);
}

TEST(Correlation, NothingToSayOfConstantsAndPairs) {
  EXPECT_TRUE(std::isnan(pearson(std::vector<double>{1, 1, 1}, std::vector<double>{1, 2, 3}).r));
  EXPECT_TRUE(std::isnan(spearman(std::vector<double>{1, 2}, std::vector<double>{1, 2}).r));
  EXPECT_TRUE(std::isnan(line_fit(std::vector<double>{1, 2}, std::vector<double>{1, 2}).slope));
  EXPECT_EQ(pearson({}, {}).n, 0u);
}

TEST(Correlation, PerfectLineHasNoDoubt) {
  const LineFit fit = line_fit(x, std::vector<double>{3, 5, 7, 9, 11, 13});
  EXPECT_NEAR(fit.slope, 2, 1e-12);
  EXPECT_NEAR(fit.intercept, 1, 1e-12);
  EXPECT_LT(fit.p, 1e-6);
}

TEST(Correlation, WilsonInterval) {
  const Interval i = wilson(79, 293);
  EXPECT_NEAR(i.low, 0.2220, 5e-5);
  EXPECT_NEAR(i.high, 0.3232, 5e-5);
  EXPECT_EQ(wilson(0, 0).high, 1);
  EXPECT_NEAR(wilson(0, 10).low, 0, 1e-12);
  EXPECT_NEAR(wilson(10, 10).high, 1, 1e-12);
}

}  // namespace
}  // namespace wattline::study
