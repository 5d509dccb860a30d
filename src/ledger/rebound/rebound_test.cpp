#include "ledger/rebound/rebound.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "kernel/error.h"

namespace wattline::ledger {
namespace {

using ::testing::HasSubstr;

Result run(const ReboundOptions& o) {
  Context context;
  context.provide(catalog::Catalog::load());
  return rebound(o, context);
}

TEST(ReboundCommand, WithoutAnElasticityThereAreScenariosAlone) {
  ReboundOptions o;
  o.gain = 4;
  const Result r = run(o);
  EXPECT_FALSE(r.find_estimate("rebound"));
  const Table* t = r.find_table("rebound.scenarios.v1");
  ASSERT_EQ(t->rows(), 5u);
  EXPECT_NEAR(t->column("energy").numbers()[2], 1, 1e-12) << "elasticity of 1";
  EXPECT_EQ(t->column("backfire").integers()[2], 0);
  EXPECT_EQ(t->column("backfire").integers()[4], 1);
}

TEST(ReboundCommand, BackfireIsSaidAndNotClipped) {
  ReboundOptions o;
  o.gain = 4;
  o.demand.elasticity = 2;
  o.demand.elasticity_low = 0.5;
  o.demand.elasticity_high = 3;
  o.energy = 100 * units::kWh;
  const Result r = run(o);
  EXPECT_NEAR(r.find_estimate("rebound")->measure.value, 500, 1e-9);
  EXPECT_NEAR(r.find_estimate("saving")->measure.value, -300, 1e-9);
  EXPECT_LT(r.find_estimate("rebound")->measure.interval.low, 100);
  EXPECT_GT(r.find_estimate("rebound")->measure.interval.high, 500);
  EXPECT_THAT(r.title, HasSubstr("backfire"));
  EXPECT_THAT(r.warnings, ::testing::Contains(HasSubstr("backfire")));
}

TEST(ReboundCommand, IndirectIsAShareOfTheSavedCarbon) {
  ReboundOptions o;
  o.demand.elasticity = 0;
  o.energy = 1000 * units::kWh;
  o.place.intensity = 500 * units::gCO2e_per_kWh;
  o.place.pue = 1;
  o.respending = {Money(100), 0.5, 1000 * units::gCO2e / units::USD};
  // Half of 100 USD is spared, half of that is spent at 1 kg: 25 kg of the 250 kg that were saved.
  EXPECT_NEAR(run(o).find_estimate("indirect_rebound")->measure.value, 10, 1e-9);
  EXPECT_NEAR(run(o).find_estimate("rebound")->measure.value, 10, 1e-9);
}

TEST(ReboundCommand, WhatCannotBeAsked) {
  ReboundOptions o;
  o.demand.elasticity_low = 1;
  EXPECT_THROW(run(o), Error);
  o.demand.elasticity = 0.5;
  EXPECT_THROW(run(o), Error) << "low above it";
  o.demand.elasticity_low = {};
  o.demand.elasticity_high = 0.2;
  EXPECT_THROW(run(o), Error) << "high below it";
  o.demand.elasticity_high = {};
  o.respending.cost = Money(5);
  EXPECT_THROW(run(o), Error) << "no intensity";
  o.respending.intensity = 1 * units::gCO2e / units::USD;
  EXPECT_THROW(run(o), Error) << "no energy";
}

TEST(ReboundClaims, TheIdentitiesHold) {
  Context context;
  const auto all = rebound_claims();
  EXPECT_EQ(all.at(0).check(context).verdict, ClaimVerdict::holds);
  EXPECT_EQ(all.at(1).check(context).verdict, ClaimVerdict::not_reproducible);
}

}  // namespace
}  // namespace wattline::ledger
