#include "ledger/impacts/every.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "kernel/error.h"
#include "kernel/testing.h"
#include "ledger/lca/amortise.h"

namespace wattline::ledger {
namespace {

using testing::HasSubstr;

class EveryImpact : public testing::Test {
 protected:
  void SetUp() override {
    catalog_ = catalog::Catalog::load();
    context_.provide(catalog_);
    context_.provide(std::make_shared<Location>(Location{scratch_.path().string()}));
    options_.site.pue = 1;
    options_.site.wue = WaterIntensity(0);
  }
  void record(const char* device, const char* place, Energy e, double hours, std::int64_t tokens = 0,
              const char* kind = "run") {
    Fact f;
    f.kind = kind;
    f.begin = parse_time("2026-11-02");
    f.end = f.begin + hours * units::hour;
    f.energy = Estimate<Energy>::exact(e);
    f.device = device;
    f.place = place;
    f.tokens_out = tokens;
    Ledger::open(scratch_.path(), OpenMode::write)->record(f);
  }
  Result run() { return every_impact(options_, context_); }
  static double cell(const Result& r, const std::string& impact, const char* column) {
    const Table& t = *r.find_table("ledger.impacts.v1");
    const auto& names = t.column("impact").texts();
    const auto it = std::find(names.begin(), names.end(), impact);
    EXPECT_NE(it, names.end()) << impact;
    return t.column(column).numbers().at(static_cast<std::size_t>(it - names.begin()));
  }
  tests::ScratchDir scratch_;
  std::shared_ptr<catalog::Catalog> catalog_;
  Context context_;
  ImpactsOptions options_;
};

constexpr const char* card = "NVIDIA A100 SXM 40GB";

TEST_F(EveryImpact, UseAndManufactureByEnergy) {
  record(card, "FR", 1 * units::kWh, 10);
  const Result r = run();
  EXPECT_NEAR(cell(r, "carbon", "use"), catalog_->place("FR").carbon_intensity.value().in(units::gCO2e_per_kWh), 1e-9);
  // 1 kWh at half of 400 W is five hours of its life.
  const auto a = lca::Amortiser(lca::Data::of(*catalog_), lca::Life{3, 1, 8760}).of(card, 5 * units::hour);
  ASSERT_TRUE(a);
  EXPECT_NEAR(cell(r, "carbon", "manufacture"), a->climate.value().in(units::gCO2e), 1e-9);
  EXPECT_NEAR(cell(r, "carbon", "total"), cell(r, "carbon", "use") + cell(r, "carbon", "manufacture"), 1e-9);
  EXPECT_NEAR(cell(r, "minerals and metals (ADPe)", "manufacture"), a->minerals.value() * 1e6, 1e-9);
  EXPECT_EQ(cell(r, "water on site", "total"), 0);
  EXPECT_NEAR(cell(r, "water of the electricity", "total"),
              catalog_->place("FR").water_intensity->value().in(units::L_per_kWh), 1e-9);
  EXPECT_EQ(cell(r, "carbon", "manufacture_assessed"), 100);
  // The share of the board power is a judgement: it stands in the interval.
  EXPECT_GT(cell(r, "minerals and metals (ADPe)", "high"), 1.5 * cell(r, "minerals and metals (ADPe)", "total"));
}

TEST_F(EveryImpact, OtherRules) {
  record(card, "FR", 1 * units::kWh, 10);
  const double by_energy = cell(run(), "carbon", "manufacture");
  options_.allocation = static_cast<int>(ManufactureRule::time);
  EXPECT_NEAR(cell(run(), "carbon", "manufacture"), 2 * by_energy, 1e-9);  // ten hours, not five
  options_.utilisation = 0.5;
  EXPECT_NEAR(cell(run(), "carbon", "manufacture"), 4 * by_energy, 1e-9);
  options_.allocation = static_cast<int>(ManufactureRule::none);
  const Result r = run();
  EXPECT_TRUE(std::isnan(cell(r, "carbon", "manufacture")));
  EXPECT_THAT(to_text(r), HasSubstr("not assessed) gCO2e / R 1"));
}

TEST_F(EveryImpact, PrimaryEnergyByConvention) {
  record(card, "FR", 1 * units::kWh, 1);
  Result r = run();
  const double total = cell(r, "primary energy", "use"), nuclear = cell(r, "primary energy, nuclear", "use");
  EXPECT_NEAR(total, nuclear + cell(r, "primary energy, fossil", "use") + cell(r, "primary energy, renewable", "use"),
              1e-9);
  EXPECT_GT(cell(r, "primary energy", "manufacture"), cell(r, "fossil energy (ADPf)", "manufacture"));
  EXPECT_TRUE(std::isnan(cell(r, "primary energy, nuclear", "manufacture")));
  EXPECT_EQ(cell(r, "primary energy", "use_assessed"), 100);
  const double fossil = cell(r, "primary energy, fossil", "use");
  options_.primary.convention = physics::PrimaryConvention::direct;
  r = run();
  EXPECT_NEAR(cell(r, "primary energy, nuclear", "use"), 0.33 * nuclear, 1e-9);
  EXPECT_NEAR(cell(r, "primary energy, fossil", "use"), fossil, 1e-12);
  EXPECT_THAT(to_text(r), HasSubstr("direct equivalent"));
}

TEST_F(EveryImpact, APlaceWithoutMixIsNotAssessedUntilOneIsGiven) {
  record(card, "US-CA", 1 * units::kWh, 1);
  record(card, "FR", 3 * units::kWh, 1);
  EXPECT_NEAR(cell(run(), "primary energy", "use_assessed"), 75, 1e-9);
  options_.primary.mix_file = InputFile::from_bytes("mix.csv", "place,fuel,generation\nUS-CA,solar,1\n");
  const Result r = run();
  EXPECT_EQ(cell(r, "primary energy", "use_assessed"), 100);
  EXPECT_THAT(to_text(r), HasSubstr("given in mix.csv"));
}

TEST_F(EveryImpact, APlaceThatTheCatalogLostHidesNothing) {
  record(card, "Atlantis", 1 * units::kWh, 1);
  const Result r = run();
  EXPECT_EQ(cell(r, "carbon", "use_assessed"), 100);
  EXPECT_THAT(testing::PrintToString(r.warnings), HasSubstr("Atlantis"));
}

TEST_F(EveryImpact, WhatHasNoFactorIsNotAssessed) {
  record(card, "FR", 1 * units::kWh, 1);
  record("a toaster", "FR", 3 * units::kWh, 1);
  record("", "FR", 4 * units::kWh, 1);
  const Result r = run();
  EXPECT_NEAR(cell(r, "carbon", "manufacture_assessed"), 12.5, 1e-9);
  EXPECT_NEAR(cell(r, "carbon", "use_assessed"), 100, 1e-9);
  EXPECT_THAT(testing::PrintToString(r.warnings), testing::AllOf(HasSubstr("a toaster"), HasSubstr("(not named)")));
}

TEST_F(EveryImpact, IntensityPerUnitAndScopes) {
  record(card, "FR", 1 * units::kWh, 1, 1000);
  record(card, "DE", 1 * units::kWh, 1, 3000);
  options_.unit = "token";
  Result r = run();
  EXPECT_NEAR(r.find_estimate("sci")->measure.value, cell(r, "carbon", "total") / 4000, 1e-12);
  options_.unit = "run";
  EXPECT_NEAR(run().find_estimate("sci")->measure.value, cell(r, "carbon", "total") / 2, 1e-9);
  options_.unit = "answer";
  EXPECT_THROW(run(), Error);
  options_.unit = "row";
  EXPECT_THAT(r.find_table("ledger.scopes.v1")->column("scope").texts(),
              testing::ElementsAre("Scope 2, location-based", "Scope 3, category 2"));
  options_.owner = static_cast<int>(Owner::hosted);
  EXPECT_THAT(run().find_table("ledger.scopes.v1")->column("scope").texts(), testing::Each("Scope 3, category 1"));
}

TEST_F(EveryImpact, RentedMachinesAreAServiceBought) {
  using testing::ElementsAre;
  record(card, "FR", 1 * units::kWh, 1);
  record(card, "FR", 3 * units::kWh, 2, 0, "rented");
  for (const auto rule : {ManufactureRule::energy, ManufactureRule::time}) {
    options_.owner = static_cast<int>(Owner::by_kind);
    options_.allocation = static_cast<int>(rule);
    const Result r = run();
    const Table& t = *r.find_table("ledger.scopes.v1");
    EXPECT_THAT(t.column("scope").texts(), ElementsAre("Scope 2, location-based", "Scope 3, category 2",
                                                       "Scope 3, category 1", "Scope 3, category 1"));
    const auto& carbon = t.column("carbon").numbers();
    EXPECT_NEAR(carbon.at(2), 3 * carbon.at(0), 1e-9);
    EXPECT_NEAR(carbon.at(3), (rule == ManufactureRule::energy ? 3 : 2) * carbon.at(1), 1e-9);
    EXPECT_NEAR(carbon.at(0) + carbon.at(2), cell(r, "carbon", "use"), 1e-9);
    EXPECT_NEAR(carbon.at(1) + carbon.at(3), cell(r, "carbon", "manufacture"), 1e-9);
    EXPECT_THAT(to_text(r), HasSubstr("taken as a service bought"));
    options_.owner = static_cast<int>(Owner::own);
    EXPECT_THAT(run().find_table("ledger.scopes.v1")->column("scope").texts(),
                ElementsAre("Scope 2, location-based", "Scope 3, category 2"));
    EXPECT_NEAR(cell(run(), "carbon", "total"), cell(r, "carbon", "total"), 1e-9);
    EXPECT_NEAR(cell(run(), "carbon", "high"), cell(r, "carbon", "high"), 1e-6 * cell(r, "carbon", "high"));
  }
}

}  // namespace
}  // namespace wattline::ledger
