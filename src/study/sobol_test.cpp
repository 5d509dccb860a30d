#include "study/sobol.h"

#include <numbers>

#include <gtest/gtest.h>

#include "kernel/error.h"

namespace wattline::study {
namespace {

using std::numbers::pi;

// Ishigami's function, whose indices are known (a = 7, b = 0.1).
double ishigami(std::span<const double> u) {
  const double x = pi * (2 * u[0] - 1), y = pi * (2 * u[1] - 1), z = pi * (2 * u[2] - 1);
  return std::sin(x) + 7 * std::sin(y) * std::sin(y) + 0.1 * z * z * z * z * std::sin(x);
}

TEST(Sobol, IshigamisKnownIndices) {
  Context context;
  const auto r = sobol_indices(3, 4096, ishigami, context);
  const double first[] = {0.3139, 0.4424, 0}, total[] = {0.5576, 0.4424, 0.2437};
  for (int i = 0; i < 3; ++i) {
    EXPECT_NEAR(r.of[i].first, first[i], 0.02) << i;
    EXPECT_NEAR(r.of[i].total, total[i], 0.02) << i;
    EXPECT_LE(r.of[i].total_interval.low, r.of[i].total);
    EXPECT_GE(r.of[i].total_interval.high, r.of[i].total);
  }
  EXPECT_NEAR(r.mean, 3.5, 0.05);
  EXPECT_NEAR(r.variance, 13.845, 0.3);
}

TEST(Sobol, AdditiveOutputHasFirstEqualToTotalAndASumOfOne) {
  Context context;
  const auto r = sobol_indices(
      4, 2048, [](std::span<const double> u) { return u[0] + 2 * u[1] + 3 * u[2]; }, context);
  double sum = 0;
  for (const auto& i : r.of) {
    EXPECT_NEAR(i.first, i.total, 0.02);
    sum += i.total;
  }
  EXPECT_NEAR(sum, 1, 0.02);
  EXPECT_EQ(r.of[3].first, 0) << "an input that is not used";
  EXPECT_EQ(r.of[3].total, 0);
  EXPECT_NEAR(r.of[2].total, 9.0 / 14, 0.02);
}

TEST(Sobol, SameSeedSameFiguresOtherSeedOthers) {
  Context a, b, c;
  c.seed = 99;
  const auto of = [](Context& x) { return sobol_indices(3, 64, ishigami, x).of[0].first; };
  EXPECT_EQ(of(a), of(b));
  EXPECT_NE(of(a), of(c));
}

TEST(Sobol, ConstantOutputAndWhatCannotBeAsked) {
  Context context;
  const auto r = sobol_indices(
      2, 16, [](std::span<const double>) { return 5.0; }, context);
  EXPECT_EQ(r.of[0].total, 0);
  EXPECT_EQ(r.variance, 0);
  EXPECT_THROW(sobol_indices(0, 16, ishigami, context), Error);
  EXPECT_THROW(sobol_indices(3, 7, ishigami, context), Error);
  std::stop_source stopped;
  stopped.request_stop();
  context.stop = stopped.get_token();
  EXPECT_THROW(sobol_indices(3, 16, ishigami, context), Error);
}

}  // namespace
}  // namespace wattline::study
