#include "ledger/lca/life_cycle.h"

#include <gtest/gtest.h>

namespace wattline::ledger::lca {
namespace {

CycleInput simple() {
  CycleInput in;
  for (std::size_t p = 0; p < part_count; ++p) {
    in.parts[p].scores = filled(1.0 + static_cast<double>(p));
    in.parts[p].quality = "primary";
  }
  in.freight_per_card = filled(0.5);
  in.lives = 2;
  in.facility_kwh = 100;
  in.per_kwh = filled(0.3);
  in.per_kwh[4] = NAN;
  return in;
}

TEST(LifeCycle, AddsItsStages) {
  const Cycle c = life_cycle(simple());
  EXPECT_DOUBLE_EQ(c.stages[made][0], 2 * (1 + 2 + 3 + 4 + 5 + 6));
  EXPECT_DOUBLE_EQ(c.stages[transport][0], 1);
  EXPECT_DOUBLE_EQ(c.stages[use][0], 30);
  EXPECT_DOUBLE_EQ(c.stages[end][0], 14);
  EXPECT_DOUBLE_EQ(c.total[0], 42 + 1 + 30 + 14);
  EXPECT_DOUBLE_EQ(c.share(use, 0), 30.0 / 87);
  EXPECT_EQ(c.leader(0), made);
}

TEST(LifeCycle, NotAssessedIsNotZero) {
  const Cycle c = life_cycle(simple());
  EXPECT_FALSE(c.use_assessed(4));
  EXPECT_TRUE(std::isnan(c.stages[use][4]));
  EXPECT_TRUE(std::isnan(c.share(use, 4)));
  EXPECT_DOUBLE_EQ(c.total[4], 57) << "the total is of what is assessed";
}

TEST(LifeCycle, AllocationRules) {
  Life life;
  life.years = 2;
  life.utilisation = 0.5;
  EXPECT_DOUBLE_EQ(lives_of_run(Allocation::time, life, 8760, 0, 0), 1);
  EXPECT_DOUBLE_EQ(lives_of_run(Allocation::calendar, life, 8760, 0, 0), 0.5);
  EXPECT_DOUBLE_EQ(lives_of_run(Allocation::energy, life, 8760, 876, 200), 0.5);
  life.utilisation = 1;
  EXPECT_DOUBLE_EQ(lives_of_run(Allocation::time, life, 500, 0, 0),
                   lives_of_run(Allocation::calendar, life, 500, 0, 0));
  // Mean power as in the life: by energy as by time.
  EXPECT_DOUBLE_EQ(lives_of_run(Allocation::energy, life, 500, 100, 200),
                   lives_of_run(Allocation::time, life, 500, 0, 0));
}

TEST(LifeCycle, IntervalsAreThoseOfTheSpread) {
  CycleInput in = simple();
  CycleSpread spread;
  Cycle c = life_cycle(in);
  draw_intervals(c, in, spread, std::mt19937_64(1), 1000);
  EXPECT_NEAR(c.low[0], c.total[0], 1e-9) << "no spread, no interval";
  EXPECT_NEAR(c.high[0], c.total[0], 1e-9);

  // One cause alone: its interval is known, exp(+-1.96 sigma).
  in.lives = 0;
  spread.energy = std::log(1.5);
  c = life_cycle(in);
  draw_intervals(c, in, spread, std::mt19937_64(2), 20000);
  EXPECT_NEAR(c.low[0] / c.total[0], std::exp(-1.96 * spread.energy), 0.02);
  EXPECT_NEAR(c.high[0] / c.total[0], std::exp(1.96 * spread.energy), 0.1);
  EXPECT_NEAR(c.use_share_low[0], 1, 1e-9);

  Cycle again = life_cycle(in);
  draw_intervals(again, in, spread, std::mt19937_64(2), 20000);
  EXPECT_EQ(again.low, c.low) << "one seed, one answer";
}

TEST(LifeCycle, IntervalsHoldTheTruth) {
  // A truth is drawn, an observer sees it through the same spreads: 95 % of his intervals hold it.
  CycleInput in = simple();
  in.per_kwh[4] = 0.3;
  CycleSpread spread;
  spread.parts.fill(std::log(1.1));
  spread.energy = std::log(1.2);
  spread.freight = std::log(1.5);
  spread.electricity = filled(std::log(1.5));
  Cycle c = life_cycle(in);
  draw_intervals(c, in, spread, std::mt19937_64(3), 20000);
  std::mt19937_64 random(4);
  std::normal_distribution<> normal;
  int held = 0;
  constexpr int trials = 4000;
  for (int i = 0; i < trials; ++i) {
    double make = 0;
    for (std::size_t p = 0; p < made_parts; ++p)
      make += in.parts[p].scores[0] * std::exp(spread.parts[p] * normal(random));
    const double total =
        in.lives * (make + in.freight_per_card[0] * std::exp(spread.freight * normal(random)) +
                    in.parts[end_of_life].scores[0] * std::exp(spread.parts[end_of_life] * normal(random))) +
        30 * std::exp(spread.energy * normal(random)) * std::exp(spread.electricity[0] * normal(random));
    held += total >= c.low[0] && total <= c.high[0];
  }
  EXPECT_GT(held, 0.93 * trials);
  EXPECT_LT(held, 0.97 * trials);
}

}  // namespace
}  // namespace wattline::ledger::lca
