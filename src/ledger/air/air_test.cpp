#include "ledger/air/air.h"

#include <cmath>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "catalog/testing.h"
#include "kernel/command_testing.h"
#include "kernel/error.h"
#include "ledger/air/air_parts.h"

namespace wattline::ledger {
namespace {

using testing::HasSubstr;

Context& context() { return tests::catalog_context(); }
Result ask(const std::vector<std::string>& words) { return tests::run_command(air_capability(), words, context()); }
double value(const Result& r, const char* name) {
  const auto* e = r.find_estimate(name);
  return e ? e->measure.value : NAN;
}
double cell(const Result& r, const char* table, const std::string& row, const char* column) {
  const auto* t = r.find_table(table);
  if (!t) return NAN;
  const auto& names = t->columns()[0].texts();
  for (std::size_t i = 0; i < t->rows(); ++i)
    if (names[i].starts_with(row)) return t->column(column).numbers()[i];
  return NAN;
}
std::string refused(const std::vector<std::string>& words) {
  try {
    ask(words);
  } catch (const Error& e) {
    return e.what();
  }
  ADD_FAILURE() << "not refused";
  return "";
}

TEST(Air, ThePapersFacility) {
  const auto r = ask({"--power", "10 MW", "--pue", "1", "--intensity", "430"});
  EXPECT_NEAR(value(r, "co2"), 37668, 1e-6);
  EXPECT_THAT(r.title, HasSubstr("37,668"));
  const auto other = ask({"--power", "10 MW", "--pue", "1.3", "--utilisation", "0.5", "--intensity", "430"});
  EXPECT_NEAR(value(other, "co2"), 37668 * 0.65, 1e-6);
}

TEST(Air, MarketAndLocationStandApart) {
  const auto r = ask({"--power", "1 MW", "--pue", "1", "--intensity", "400", "--market-intensity", "0"});
  EXPECT_NEAR(value(r, "co2"), 3504, 1e-6);
  EXPECT_EQ(value(r, "co2_market"), 0);
  EXPECT_NEAR(cell(r, "air.emissions.v1", "total", "co2"), 3504, 1e-6) << "contracts change no location-based figure";
}

TEST(Air, TheSpecifiedGenerators) {
  const auto r = ask({"--generators", "40", "--test-time", "24 h"});
  EXPECT_NEAR(value(r, "nox"), 12.288, 1e-9);
  EXPECT_NEAR(cell(r, "air.emissions.v1", "total in short tons", "nox"), 12.288 / 0.90718474, 1e-9);
  EXPECT_NEAR(cell(r, "air.emissions.v1", "generators, potential", "nox"), 12.288 * 500 / 24, 1e-9);
  const auto& m = r.find_estimate("nox")->measure;
  EXPECT_LT(m.interval.low, m.value);
  EXPECT_GT(m.interval.low, 0);
  EXPECT_EQ(m.method, Method::modelled);
}

TEST(Air, TheProgrammeIsSaidToBeAssumed) {
  const auto r = ask({"--generators", "10"});
  // 12 half hours at 30 % and 4 h at full load of 2 MW at 6.4 g/kWh.
  EXPECT_NEAR(value(r, "nox"), 10 * 2000 * (6 * 0.3 + 4) * 6.4 / 1e6, 1e-9);
  EXPECT_THAT(to_text(r), HasSubstr("tests assumed"));
}

TEST(Air, ElectricalRatingsAreOfTheShaftToo) {
  EXPECT_NEAR(value(ask({"--generators", "1", "--test-time", "1 h", "--electrical"}), "nox"),
              value(ask({"--generators", "1", "--test-time", "1 h"}), "nox") / 0.95, 1e-12);
}

TEST(Air, LimitsDecideTheVerdict) {
  EXPECT_TRUE(ask({"--generators", "40", "--test-time", "24 h"}).verdict->holds);
  EXPECT_FALSE(ask({"--generators", "1", "--test-time", "101 h"}).verdict->holds);
  // 12.288 t are 13.545 short tons.
  EXPECT_TRUE(ask({"--generators", "40", "--test-time", "24 h", "--permit-nox", "12.3 t"}).verdict->holds);
  EXPECT_FALSE(ask({"--generators", "40", "--test-time", "24 h", "--permit-nox", "12.3 ston"}).verdict->holds);
  EXPECT_TRUE(ask({"--generators", "40", "--test-time", "24 h", "--permit-nox", "13.6 ston"}).verdict->holds);
  EXPECT_FALSE(ask({"--generators", "1", "--test-time", "24 h", "--outage-time", "30 h", "--permit-hours", "50 h"})
                   .verdict->holds);
  EXPECT_FALSE(ask({"--power", "1 MW", "--pue", "1"}).verdict) << "nothing is asked of a site without generators";
}

TEST(Air, OutagesAddAndABadYearIsWorseThanTheMean) {
  const auto r = ask({"--generators", "4", "--test-time", "10 h", "--outage-time", "8 h", "--outages", "2"});
  EXPECT_NEAR(cell(r, "air.emissions.v1", "generators, outages", "nox"), 4 * 2000 * 8 * 6.4 / 1e6, 1e-9);
  EXPECT_THAT(to_text(r), HasSubstr("One year in twenty"));
}

TEST(Air, MeasuresAreMultiplied) {
  const auto r = ask({"--power", "10 MW", "--pue", "1.5", "--intensity", "400", "--to-pue", "1.2", "--renewables",
                      "0.5", "--demand", "0.1"});
  const double before = value(r, "co2");
  EXPECT_NEAR(cell(r, "air.measures.v1", "all together", "co2_avoided"), before * (1 - 0.8 * 0.5 * 0.9), 1e-6);
  EXPECT_NEAR(cell(r, "air.measures.v1", "renewables", "co2_avoided"), before * 0.5, 1e-6);
  EXPECT_THAT(to_text(r), HasSubstr("percentages added would say 80 %"));
  const auto tier = ask({"--generators", "40", "--test-time", "24 h", "--tests", "0", "--to-tier", "tier4"});
  EXPECT_NEAR(cell(tier, "air.measures.v1", "all together", "nox_left"), 100 * 0.67 / 6.4, 1e-9);
  EXPECT_EQ(cell(tier, "air.measures.v1", "all together", "co2_avoided"), 0);
}

// Any set of measures leaves between nothing and all, and less than each alone.
TEST(Air, MeasuresNeverAvoidMoreThanThereIs) {
  std::mt19937_64 random(11);
  std::uniform_real_distribution<double> share(0.01, 1);
  for (int i = 0; i < 50; ++i) {
    AirOptions o;
    o.site.power = Power(1e7);
    o.site.pue = 1.6;
    o.site.intensity = 400 * units::gCO2e_per_kWh;
    o.measures.renewables = share(random);
    o.measures.demand = share(random);
    o.measures.to_pue = 1 + 0.6 * share(random);
    const auto r = air(o, context());
    const double all = cell(r, "air.measures.v1", "all together", "co2_avoided");
    EXPECT_LE(all, value(r, "co2") * (1 + 1e-12));
    for (const char* one : {"renewables", "PUE", ""})
      EXPECT_GE(all, cell(r, "air.measures.v1", one, "co2_avoided") * (1 - 1e-12));
  }
}

TEST(Air, RegionsShowTheFactorThatAClaimImplies) {
  const auto r = ask(
      {"--region-load", "39,78", "--region-claimed", "170,205", "--intensity", "430", "--region-reduction", "50,80"});
  const auto* t = r.find_table("air.region.v1");
  ASSERT_TRUE(t);
  EXPECT_NEAR(t->column("carbon").numbers()[0], 146.9, 0.05);
  EXPECT_NEAR(t->column("carbon").numbers()[1], 293.8, 0.05);
  EXPECT_NEAR(t->column("implied_factor").numbers()[0], 0.498, 0.0005);
  EXPECT_NEAR(t->column("implied_factor").numbers()[1], 0.300, 0.0005);
  EXPECT_NEAR(r.find_table("air.region.avoided.v1")->column("avoided").numbers()[0], 85, 1e-9);
  EXPECT_NEAR(r.find_table("air.region.avoided.v1")->column("avoided").numbers()[3], 164, 1e-9);
  // The claim's own factor gives the claim back.
  for (const double load : {1.0, 39.0, 200.0})
    EXPECT_NEAR(site_tonnes(load * 1000, 0.7, 1, implied_factor(33, load, 0.7)), 33e6, 1e-3);
}

TEST(Air, ActivitiesAreTheUsersOwn) {
  const auto rows = read_activities(
      "part,what,amount,pollutant,factor_kg,years,comment\nbuild,concrete,1000,co2,300,20,x\nbuild,cars,5,nox,2,,\n",
      "a");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_DOUBLE_EQ(rows[0].tonnes, 15);
  EXPECT_DOUBLE_EQ(rows[1].tonnes, 0.01);
  AirOptions o;
  o.site.activities = InputFile::from_bytes("a.csv", "part,what,amount,pollutant,factor_kg\nleak,R134a,10,co2,1430\n");
  EXPECT_NEAR(cell(air(o, context()), "air.emissions.v1", "leak", "co2"), 14.3, 1e-9);
}

TEST(Air, ThePlumeIsShown) {
  const auto r = ask({"--generators", "10", "--test-time", "12 h", "--stack-height", "10", "--running", "2"});
  const auto* t = r.find_table("air.plume.v1");
  ASSERT_TRUE(t);
  EXPECT_GT(t->column("nox").numbers()[3], 0);
  EXPECT_NEAR(t->column("no2").numbers()[3], 0.1 * t->column("nox").numbers()[3], 1e-9);
  EXPECT_THAT(to_text(r), HasSubstr("screening"));
}

TEST(Air, BadInputIsRefused) {
  EXPECT_THAT(refused({}), HasSubstr("nothing to reckon"));
  EXPECT_THAT(refused({"--power", "1 MW", "--place", "Frnce"}), HasSubstr("France"));
  EXPECT_THAT(refused({"--power", "1 MW", "--stack-height", "9"}), HasSubstr("--generators"));
  EXPECT_THAT(refused({"--generators", "1", "--stack-height", "9", "--running", "3"}), HasSubstr("at once"));
  EXPECT_THAT(refused({"--generators", "1", "--stack-height", "9", "--stability", "G"}), HasSubstr("'G'"));
  EXPECT_THAT(refused({"--generators", "1", "--to-tier", "tier5"}), HasSubstr("tier5"));
  EXPECT_THAT(refused({"--power", "1 MW", "--pue", "1.2", "--to-pue", "1.4"}), HasSubstr("lowers"));
  EXPECT_THAT(refused({"--generators", "1", "--renewables", "0.5"}), HasSubstr("--power"));
  EXPECT_THAT(refused({"--region-load", "39", "--region-claimed", "1,2"}), HasSubstr("2 figures"));
  EXPECT_THAT(refused({"--region-claimed", "170"}), HasSubstr("GW"));
  EXPECT_THAT(refused({"--region-load", "0"}), HasSubstr("over 0"));
  const auto table = [](const std::string& text) {
    try {
      read_activities(text, "a.csv");
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_THAT(table(""), HasSubstr("empty"));
  EXPECT_THAT(table("part,what,amount,pollutant\nx,y,1,co2\n"), HasSubstr("factor_kg"));
  EXPECT_THAT(table("part,what,amount,pollutant,factor_kg\nx,y,-1,co2,1\n"), HasSubstr("a.csv:2"));
  EXPECT_THAT(table("part,what,amount,pollutant,factor_kg\nx,y,1,radon,1\n"), HasSubstr("radon"));
  EXPECT_THROW(read_measures("measure,applies_to,pollutant,reduction_percent\nx,generators,nox,140\n", "m"), Error);
  EXPECT_THROW(read_measures("measure,applies_to,pollutant,reduction_percent\nx,electricity,nox,10\n", "m"), Error);
  EXPECT_THROW(read_measures("measure,applies_to,pollutant,reduction_percent\nx,roof,nox,10\n", "m"), Error);
}

TEST(Air, ClaimsHoldOrSayWhyNot) {
  int hold = 0;
  for (const auto& claim : air_claims()) {
    const auto check = claim.check(context());
    EXPECT_NE(check.verdict, ClaimVerdict::differs) << claim.claimed << ": " << check.ours;
    EXPECT_FALSE(check.ours.empty());
    hold += check.verdict == ClaimVerdict::holds;
  }
  EXPECT_EQ(hold, 2);
}

}  // namespace
}  // namespace wattline::ledger
