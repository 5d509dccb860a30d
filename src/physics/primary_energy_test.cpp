#include "physics/primary_energy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/generation.h"
#include "catalog/testing.h"
#include "kernel/error.h"

namespace wattline::physics {
namespace {

const catalog::Catalog& embedded() { return tests::catalog_context().get<catalog::Catalog>(); }
PrimaryEnergy of(const GenerationMix& mix, PrimaryConvention c = PrimaryConvention::physical) {
  return primary_energy(mix, c, embedded());
}
double value(const Estimate<Ratio>& e) { return e.value().base(); }

TEST(PrimaryEnergy, EachConventionCountsWhatDoesNotBurnInItsWay) {
  const auto total = [](const char* fuel, PrimaryConvention c) { return value(of({{fuel, 3}}, c).total); };
  EXPECT_DOUBLE_EQ(total("nuclear", PrimaryConvention::physical), 1 / 0.33);
  EXPECT_DOUBLE_EQ(total("other", PrimaryConvention::physical), 10);
  for (const char* flow : {"hydro", "wind", "solar"}) {
    EXPECT_DOUBLE_EQ(total(flow, PrimaryConvention::physical), 1) << flow;
    EXPECT_DOUBLE_EQ(total(flow, PrimaryConvention::substitution), 1 / 0.38) << flow;
  }
  for (const char* fuel : {"nuclear", "other", "hydro", "wind", "solar"})
    EXPECT_DOUBLE_EQ(total(fuel, PrimaryConvention::direct), 1) << fuel;
  for (const char* burnt : {"coal", "gas", "oil", "biofuel"}) {
    EXPECT_DOUBLE_EQ(total(burnt, PrimaryConvention::physical), total(burnt, PrimaryConvention::direct)) << burnt;
    EXPECT_DOUBLE_EQ(total(burnt, PrimaryConvention::physical), total(burnt, PrimaryConvention::substitution)) << burnt;
    EXPECT_GT(total(burnt, PrimaryConvention::physical), 2) << burnt;
  }
}

TEST(PrimaryEnergy, PartsAddUpAndTheFossilOneFollowsNoConvention) {
  const GenerationMix mix{{"coal", 30}, {"gas", 20}, {"nuclear", 25}, {"wind", 15}, {"biofuel", 10}};
  const auto p = of(mix), d = of(mix, PrimaryConvention::direct);
  EXPECT_DOUBLE_EQ(value(p.total), value(p.fossil) + value(p.nuclear) + value(p.renewable));
  EXPECT_NEAR(value(p.fossil), 0.3 / 0.35 + 0.2 / 0.45, 1e-12);
  EXPECT_NEAR(value(p.nuclear), 0.25 / 0.33, 1e-12);
  EXPECT_NEAR(value(p.renewable), 0.15 + 0.1 / 0.33, 1e-12);
  EXPECT_DOUBLE_EQ(value(d.fossil), value(p.fossil));
  EXPECT_LT(value(d.total), value(p.total));
  // Any unit of generation gives the same.
  const auto thousandth = of({{"coal", 0.03}, {"gas", 0.02}, {"nuclear", 0.025}, {"wind", 0.015}, {"biofuel", 0.01}});
  EXPECT_NEAR(value(thousandth.total), value(p.total), 1e-12);
}

TEST(PrimaryEnergy, EfficienciesHaveIntervalsAndConventionsNone) {
  EXPECT_EQ(of({{"nuclear", 1}}).total.sd().base(), 0);
  EXPECT_EQ(of({{"hydro", 1}, {"wind", 2}}).total.sd().base(), 0);
  const auto coal = of({{"coal", 1}}).total;
  // The best countries (42 %) and the worst that the row allows for (27 %) lie inside.
  EXPECT_LT(coal.low().base(), 1 / 0.42);
  EXPECT_GT(coal.high().base(), 1 / 0.29);
  EXPECT_EQ(coal.raw().by_factor().size(), 1u);
  EXPECT_TRUE(coal.raw().by_factor().contains("primary.efficiency.coal"));
}

TEST(PrimaryEnergy, WhatIsNotIdentifiedIsLeftOutAndSaid) {
  const auto p = of({{"hydro", 60}, {"unidentified", 40}});
  EXPECT_DOUBLE_EQ(value(p.total), 1);
  EXPECT_DOUBLE_EQ(p.identified, 0.6);
}

TEST(PrimaryEnergy, BadMixes) {
  EXPECT_THROW(of({}), Error);
  EXPECT_THROW(of({{"hydro", 0}}), Error);
  EXPECT_THROW(of({{"unidentified", 5}}), Error);
  EXPECT_THROW(of({{"hydro", -1}, {"gas", 2}}), Error);
  EXPECT_THROW(of({{"hydro", INFINITY}}), Error);
  EXPECT_THROW(of({{"hydro", 1e308}, {"gas", 1e308}}), Error);
  try {
    of({{"hydor", 1}});
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), testing::HasSubstr("hydro"));
  }
}

// The defaults that the European Union set for its electricity (2.1 of 2018, 1.9 of 2022, both by the physical energy
// content of nuclear and the efficiency of what burns): its generation of 2022 and 2023 gives a figure between them.
TEST(PrimaryEnergy, TheEuropeanUnionLiesBetweenItsPublishedFactors) {
  const auto mixes = catalog::GenerationMixes::load(embedded());
  GenerationMix eu;
  int members = 0;
  for (const char* code :
       {"AUT", "BEL", "BGR", "HRV", "CYP", "CZE", "DNK", "EST", "FIN", "FRA", "DEU", "GRC", "HUN", "IRL",
        "ITA", "LVA", "LTU", "LUX", "MLT", "NLD", "POL", "PRT", "ROU", "SVK", "SVN", "ESP", "SWE"}) {
    const auto* row = mixes->find(code, embedded());
    ASSERT_TRUE(row) << code;
    ++members;
    for (const auto& [fuel, twh] : row->by_fuel) eu[fuel] += twh;
  }
  EXPECT_EQ(members, 27);
  const auto p = of(eu);
  const double of_2018 = embedded().factor("primary.published.eu_2018").value;
  const double of_2023 = embedded().factor("primary.published.eu_2023").value;
  EXPECT_LE(value(p.total), of_2018);
  EXPECT_GE(value(p.total), of_2023);
  EXPECT_LT(p.total.low().base(), of_2023 + 0.1);
}

}  // namespace
}  // namespace wattline::physics
