#include "meter/attribution/power_fit.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>
#include <unistd.h>

#include "meter/attribution/event_counts.h"

namespace wattline::meter {
namespace {

using Signals = PowerFit::Signals;

TEST(PowerFit, FindsWhatEachSignalCosts) {
  PowerFit fit;
  std::mt19937 random(1);
  std::uniform_real_distribution<double> part(0, 1);
  const Signals truth = {2.0, 3e-9, 5e-7};
  for (int i = 0; i < 200; ++i) {
    const Signals x = {part(random), 3e9 * part(random), 1e7 * part(random)};
    fit.add(x, truth[0] * x[0] + truth[1] * x[1] + truth[2] * x[2] + 0.01 * (part(random) - 0.5), 1);
  }
  ASSERT_TRUE(fit.usable());
  EXPECT_NEAR(fit.joules({1, 0, 0}), 2, 0.1);
  EXPECT_NEAR(fit.joules({0, 1e9, 0}), 3, 0.1);
  EXPECT_NEAR(fit.joules({0, 0, 1e6}), 0.5, 0.05);
  EXPECT_LT(fit.spread(), 0.05);
  EXPECT_EQ(fit.fits(), 1u);  // it holds
}

TEST(PowerFit, SeparatesWorkOfEqualTimeAndUnequalPower) {
  PowerFit fit;
  std::mt19937 random(2);
  std::uniform_real_distribution<double> part(0, 1);
  // One spins (few misses), one walks through memory: 10 and 25 J a second.
  for (int i = 0; i < 100; ++i) {
    const double spin = part(random), walk = part(random);
    fit.add({spin + walk, 3e9 * (spin + walk), 2e7 * walk}, 10 * spin + 25 * walk, 1);
  }
  ASSERT_TRUE(fit.usable());
  const double spin = fit.joules({0.5, 1.5e9, 0}), walk = fit.joules({0.5, 1.5e9, 1e7});
  EXPECT_NEAR(spin / (spin + walk), 10.0 / 35, 0.02);
}

TEST(PowerFit, IsMadeAnewWhenItIsOff) {
  PowerFit fit;
  std::mt19937 random(3);
  std::uniform_real_distribution<double> part(0, 1);
  const auto run = [&](double cost, int ticks) {
    for (int i = 0; i < ticks; ++i) {
      const double s = part(random);
      fit.add({s, 3e9 * s, 1e6 * part(random)}, cost * s, 1);
    }
  };
  run(10, 100);
  const std::size_t before = fit.fits();
  run(40, 200);  // another frequency, say
  EXPECT_GT(fit.fits(), before);
  EXPECT_NEAR(fit.joules({1, 3e9, 0}), 40, 2);
}

TEST(PowerFit, OfNothingAndOfNonsenseLearnsNothing) {
  PowerFit fit;
  const double nan = std::nan("");
  for (int i = 0; i < 100; ++i) {
    fit.add({nan, 0, 0}, 1, 1);
    fit.add({1, 1, 1}, nan, 1);
    fit.add({1, 1, 1}, 1, 0);
    fit.add({-1, 1, 1}, 1, 1);
  }
  EXPECT_FALSE(fit.usable());
  for (int i = 0; i < 100; ++i) fit.add({0, 0, 0}, 5, 1);
  EXPECT_FALSE(fit.usable());
}

TEST(EventCounts, CountOnlyWhatIsNewAndOnlyTheProcess) {
  std::string why;
  const auto counts = perf_counts(why, 100, EventKind::software);
  if (!counts) GTEST_SKIP() << why;
  EXPECT_FALSE(counts->since_last(::getpid()));
  double x = 1;
  for (int i = 0; i < 20'000'000; ++i) x = x * 1.0000001 + 1e-9;
  EXPECT_GT(x, 1);
  const auto first = counts->since_last(::getpid());
  ASSERT_TRUE(first);
  EXPECT_GT(first->cycles, 1e6);  // ns
  const auto second = counts->since_last(::getpid());
  ASSERT_TRUE(second);
  EXPECT_LT(second->cycles, first->cycles);
  counts->forget(::getpid());
  EXPECT_FALSE(counts->since_last(::getpid()));
  EXPECT_FALSE(counts->since_last(1 << 29));
  EXPECT_FALSE(counts->since_last(1 << 29));
}

TEST(EventCounts, WhereThereAreNoneItSaysWhy) {
  std::string why;
  if (perf_counts(why, 100)) GTEST_SKIP() << "this processor tells its events";
  EXPECT_FALSE(why.empty());
}

}  // namespace
}  // namespace wattline::meter
