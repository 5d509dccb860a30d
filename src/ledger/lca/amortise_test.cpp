#include "ledger/lca/amortise.h"

#include <gtest/gtest.h>

#include "kernel/units.h"

namespace wattline::ledger::lca {
namespace {

std::shared_ptr<catalog::Catalog> names() {
  static const auto catalog = catalog::Catalog::load();
  return catalog;
}
std::shared_ptr<const Data> data() {
  static const auto loaded = Data::of(*names());
  return loaded;
}

TEST(Amortise, AWholeLifeIsTheWholeCard) {
  const Amortiser a(data());
  const auto whole = a.of("NVIDIA A100 SXM 40GB", a.life().hours_in_use() * units::hour);
  ASSERT_TRUE(whole);
  EXPECT_NEAR(whole->lives, 1, 1e-12);
  // Manufacture 111.327 and end of life 2.18 of the card; freight is a few hundred grams.
  EXPECT_NEAR(whole->climate.value().in(units::kgCO2e), 111.327 + 2.18 + 1.56 * (19000 * 1.33e-5 + 1000 * 5.04e-5),
              1e-3);
  EXPECT_NEAR(whole->minerals.value(), 8.06465e-3 + 1.72e-6, 1e-7);
  EXPECT_GT(whole->water_deprivation.value(), 1000);
  EXPECT_GT(whole->primary_energy.value(), whole->fossil_energy.value());
  EXPECT_EQ(whole->climate.method(), Method::modelled);
  EXPECT_LT(whole->climate.low(), whole->climate.value());
  EXPECT_TRUE(a.use_of("NVIDIA A100 SXM 40GB"));
}

TEST(Amortise, IsLinearInTimeAndItsErrorIsShared) {
  const Amortiser a(data());
  const auto one = a.of("L4", units::hour), three = a.of("L4", 3 * units::hour);
  ASSERT_TRUE(one && three);
  EXPECT_NEAR(three->climate.value().base(), 3 * one->climate.value().base(), 1e-9);
  Estimate<Carbon> sum = one->climate;
  sum += one->climate;
  sum += one->climate;
  EXPECT_NEAR(sum.sd().base(), three->climate.sd().base(), 1e-9) << "many rows do not become falsely certain";
  EXPECT_NEAR(a.of("L4", Duration(0))->climate.value().base(), 0, 0);
}

TEST(Amortise, ALongerOrIdlerLifeChangesTheCharge) {
  Life five;
  five.years = 5;
  Life idle;
  idle.years = 3;
  idle.utilisation = 0.5;
  const double base = Amortiser(data()).of("L4", units::hour)->lives;
  EXPECT_NEAR(Amortiser(data(), five).of("L4", units::hour)->lives, base * 3 / 5, 1e-15);
  EXPECT_NEAR(Amortiser(data(), idle).of("L4", units::hour)->lives, base * 2, 1e-15);
}

TEST(Amortise, UnknownIsNothingNotZero) {
  const Amortiser a(data());
  EXPECT_FALSE(a.of("NVIDIA A100 SXM 80GB", units::hour)) << "known, but not documented";
  EXPECT_FALSE(a.of("", units::hour));
  EXPECT_FALSE(a.of("toaster", units::hour));
  EXPECT_FALSE(a.of("L4", Duration(-1)));
  EXPECT_FALSE(a.use_of("toaster"));
}

TEST(Amortise, AModelledCardIsLessSure) {
  const Amortiser a(data());
  const auto modelled = a.of("NVIDIA H100 SXM", 1000 * units::hour), own = a.of("A100 PCIe 40GB", 1000 * units::hour);
  ASSERT_TRUE(modelled && own);
  EXPECT_GT(modelled->climate.sd() / modelled->climate.value(), own->climate.sd() / own->climate.value());
}

}  // namespace
}  // namespace wattline::ledger::lca
