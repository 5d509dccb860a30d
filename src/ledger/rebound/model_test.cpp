// There are no published figures: the model is held to its identities.
#include "ledger/rebound/model.h"

#include <cmath>

#include <gtest/gtest.h>

#include "kernel/context.h"

namespace wattline::ledger {
namespace {

template <class F>
void for_random_cases(F&& f) {
  Context context;
  auto random = context.random("rebound");
  const auto between = [&](double low, double high) {
    return low + (high - low) * static_cast<double>(random() >> 11) * 0x1p-53;
  };
  for (int i = 0; i < 2000; ++i)
    f(ReboundCase{std::exp(between(0.001, 6)), between(0, 1), between(0, 4), between(-1, 2), between(-0.2, 1)});
}

TEST(Rebound, NoElasticityNoRebound) {
  for_random_cases([](ReboundCase c) {
    c.elasticity = 0;
    EXPECT_EQ(direct_rebound(c), 0);
    c.growth = 0;
    EXPECT_NEAR(energy_ratio(c), 1 / c.gain, 1e-12);
  });
}

TEST(Rebound, ShareTimesElasticityOfOneEatsTheWholeSaving) {
  for_random_cases([](ReboundCase c) {
    c.share = std::max(c.share, 0.01);
    c.elasticity = 1 / c.share;
    c.growth = 0;
    EXPECT_NEAR(direct_rebound(c), 1, 1e-9);
    EXPECT_NEAR(energy_ratio(c), 1, 1e-9);
  });
}

TEST(Rebound, IsOneLessActualByExpectedSaving) {
  for_random_cases([](const ReboundCase& c) {
    const double by_definition = 1 - (1 - energy_ratio(c)) / expected_saving(c);
    EXPECT_NEAR(total_rebound(c), by_definition, 1e-9 * std::max(1.0, std::abs(by_definition)) / expected_saving(c));
  });
}

TEST(Rebound, AboveOneExactlyWhereEnergyGrows) {
  for_random_cases([](const ReboundCase& c) {
    if (std::abs(energy_ratio(c) - 1) > 1e-9) {
      EXPECT_EQ(total_rebound(c) > 1, energy_ratio(c) > 1);
    }
  });
  EXPECT_DOUBLE_EQ(total_rebound({4, 1, 2, 0, 0}), 5) << "backfire is not clipped";
  EXPECT_DOUBLE_EQ(energy_ratio({4, 1, 2, 0, 0}), 4);
}

TEST(Rebound, GrowsWithElasticityAndShare) {
  for_random_cases([](const ReboundCase& c) {
    ReboundCase more = c;
    more.elasticity += 0.1;
    if (c.share > 0) {
      EXPECT_GT(direct_rebound(more), direct_rebound(c));
    }
  });
}

TEST(Rebound, BreakEvenSavesNothing) {
  for_random_cases([](ReboundCase c) {
    c.share = std::max(c.share, 0.01);
    const auto e = break_even_elasticity(c);
    ASSERT_TRUE(e);
    c.elasticity = *e;
    EXPECT_NEAR(energy_ratio(c), 1, 1e-9);
  });
  EXPECT_FALSE(break_even_elasticity({2, 0, 1, 0, 0}));
}

TEST(Rebound, ImpliedElasticityIsTheOneThatWasPutIn) {
  for_random_cases([](ReboundCase c) {
    c.share = std::max(c.share, 0.01);
    c.growth = 0;
    const auto e = implied_elasticity(use_ratio(c), energy_ratio(c), c.share);
    ASSERT_TRUE(e);
    EXPECT_NEAR(*e, c.elasticity, 1e-9 * std::max(1.0, c.elasticity));
  });
  EXPECT_FALSE(implied_elasticity(1, 2, 1)) << "efficiency fell";
}

TEST(Rebound, SmallGainsAreExact) { EXPECT_NEAR(direct_rebound({1 + 1e-9, 0.5, 0.8, 0, 0}), 0.4, 1e-6); }

TEST(Rebound, MoneySparedIsWhatIsNotSpentAnyMore) {
  const ReboundCase inelastic{2, 1, 0, 0, 0}, unit{2, 1, 1, 0, 0}, elastic{2, 1, 2, 0, 0};
  EXPECT_DOUBLE_EQ(money_spared(inelastic, 100), 50);
  EXPECT_DOUBLE_EQ(money_spared(unit, 100), 0);
  EXPECT_DOUBLE_EQ(money_spared(elastic, 100), -100);
  // 50 USD at 200 g each, of a saving of half of 100 kg.
  EXPECT_DOUBLE_EQ(indirect_rebound(inelastic, {100, 1, 200, 100000}), 0.2);
}

}  // namespace
}  // namespace wattline::ledger
