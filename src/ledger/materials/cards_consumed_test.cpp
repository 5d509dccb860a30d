#include "ledger/materials/cards_consumed.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace wattline::ledger::materials {
namespace {

Training gpt4(double mfu, double years) {
  Training t;
  t.flop.value = 1.732e25;
  t.mfu.value = mfu;
  t.years.value = years;
  t.peak = 312e12;
  return t;
}

TEST(CardsConsumed, TheSixCounts) {
  EXPECT_EQ(rounded(consumed(gpt4(0.2, 1)).value), 8801);
  EXPECT_EQ(rounded(consumed(gpt4(0.2, 5)).value), 1760);
  EXPECT_EQ(rounded(consumed(gpt4(0.35, 2)).value), 2515);
  EXPECT_EQ(rounded(consumed(gpt4(0.5, 3)).value), 1174);
  EXPECT_EQ(rounded(consumed(gpt4(0.3, 5)).value), 1174);
  EXPECT_EQ(rounded(consumed(gpt4(0.6, 3)).value), 978);
  EXPECT_EQ(rounded(consumed(gpt4(0.6, 5)).value), 587);
}

TEST(CardsConsumed, OtherModelsInTheBaseCase) {
  const auto count = [](double flop) {
    Training t = gpt4(0.35, 2);
    t.flop.value = flop;
    return rounded(consumed(t).value);
  };
  EXPECT_EQ(count(4.8e24), 697);
  EXPECT_EQ(count(1.48e24), 215);
  EXPECT_EQ(count(8.4e23), 122);
  EXPECT_EQ(count(3.14e23), 46);
  EXPECT_EQ(count(6 * 12e9 * 300e9), 3) << "the paper has 32";
}

TEST(CardsConsumed, ReductionsMultiply) {
  const double base = consumed(gpt4(0.2, 1)).value;
  const auto left = [&](double mfu, double years) { return consumed(gpt4(mfu, years)).value / base; };
  EXPECT_NEAR(left(0.6, 3), left(0.6, 1) * left(0.2, 3), 1e-12);
  EXPECT_EQ(std::lround(100 * (1 - left(0.6, 3))), 89);
  EXPECT_EQ(std::lround(100 * (1 - left(0.6, 5))), 93);
}

TEST(CardsConsumed, RoundsHalfUp) {
  EXPECT_EQ(rounded(0.5), 1);
  EXPECT_EQ(rounded(1.5), 2);
  EXPECT_EQ(rounded(2.5), 3);
  EXPECT_EQ(rounded(2.4999), 2);
  EXPECT_EQ(rounded(0), 0);
}

TEST(CardsConsumed, InstalledIsAnotherQuestion) {
  Training t = gpt4(0.35, 2);
  const double year = t.seconds_per_year;
  // A run as long as a life: the cluster is what is consumed.
  EXPECT_NEAR(installed(t, 2 * year).value, consumed(t).value, 1e-9);
  EXPECT_NEAR(installed(t, year / 4).value, 8 * consumed(t).value, 1e-6);
  Training longer = t;
  longer.years.value = 5;
  EXPECT_DOUBLE_EQ(installed(longer, year).value, installed(t, year).value) << "the life does not matter to a cluster";
  t.busy = 0.5;
  t.spares = 0.1;
  EXPECT_NEAR(consumed(t).value, 2.2 * 2514.69, 0.1);
}

TEST(CardsConsumed, RangesGoThroughAndStayInBounds) {
  Training t = gpt4(0.35, 2);
  Consumed c = consumed(t);
  EXPECT_EQ(c.interval.low, c.value) << "no range in, no range out";
  t.flop.range = Interval{2.89e24, 3.43e25};
  c = consumed(t);
  EXPECT_NEAR(c.interval.low, c.bounds.low, 1e-9 * c.value) << "one range alone";
  EXPECT_NEAR(c.interval.high, c.bounds.high, 1e-9 * c.value);
  t.mfu.range = Interval{0.2, 0.6};
  t.years.range = Interval{1, 5};
  c = consumed(t);
  EXPECT_GT(c.interval.low, c.bounds.low) << "not all at their worst at once";
  EXPECT_LT(c.interval.high, c.bounds.high);
  EXPECT_LT(c.interval.low, c.value);
  EXPECT_GT(c.interval.high, c.value);
}

TEST(CardsConsumed, TheIntervalIsThatOfDraws) {
  Training t = gpt4(0.35, 2);
  t.flop.range = Interval{1.732e25 / 2, 1.732e25 * 2};
  t.mfu.range = Interval{0.35 / 1.3, 0.35 * 1.3};
  t.years.range = Interval{1, 4};
  const Consumed c = consumed(t);
  std::mt19937_64 random(41);
  std::normal_distribution<> normal;
  int inside = 0;
  constexpr int draws = 20000;
  for (int i = 0; i < draws; ++i) {
    const double flop = t.flop.value * std::exp(t.flop.sigma_up() * normal(random));
    const double mfu = t.mfu.value * std::exp(t.mfu.sigma_up() * normal(random));
    const double years = t.years.value * std::exp(t.years.sigma_up() * normal(random));
    const double n = lives(flop, t.peak, mfu, years, t.seconds_per_year);
    inside += n >= c.interval.low && n <= c.interval.high;
  }
  EXPECT_GT(inside, 0.94 * draws);
  EXPECT_LT(inside, 0.96 * draws);
}

TEST(CardsConsumed, IsHomogeneous) {
  std::mt19937_64 random(42);
  const auto draw = [&](double low, double high) { return std::uniform_real_distribution<>(low, high)(random); };
  for (int i = 0; i < 500; ++i) {
    Training t = gpt4(draw(0.05, 1), draw(0.2, 8));
    t.flop.value = std::pow(10, draw(18, 27));
    const double n = consumed(t).value;
    Training twice = t;
    twice.flop.value *= 2;
    EXPECT_NEAR(consumed(twice).value, 2 * n, 1e-12 * n);
    twice.peak *= 2;
    EXPECT_NEAR(consumed(twice).value, n, 1e-12 * n);
    // The rule of levers: a small gain of utilisation saves its own share.
    Training better = t;
    better.mfu.value *= 1.001;
    EXPECT_NEAR((consumed(better).value - n) / n, -0.001, 2e-6);
  }
}

}  // namespace
}  // namespace wattline::ledger::materials
