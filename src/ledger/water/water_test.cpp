#include "ledger/water/water.h"

#include <cmath>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "catalog/testing.h"
#include "catalog/water.h"
#include "kernel/command_testing.h"
#include "kernel/error.h"
#include "kernel/testing.h"

namespace wattline::ledger {
namespace {

using testing::HasSubstr;

Context& context() { return tests::catalog_context(); }

Result ask(const std::vector<std::string>& words) { return tests::run_command(water_capability(), words, context()); }
double value(const Result& r, const char* name) {
  const auto* e = r.find_estimate(name);
  return e ? e->measure.value : NAN;
}
std::string refused(const std::vector<std::string>& words, ErrorKind kind) {
  try {
    ask(words);
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), kind) << e.what();
    return e.what();
  }
  ADD_FAILURE() << "not refused";
  return "";
}
InputFile hot_day() {
  std::string text = "time,temperature [°C],humidity [%],load\n";
  for (int h = 0; h < 24; ++h)
    text += "2025-07-01T" + std::string(h < 10 ? "0" : "") + std::to_string(h) + ":00," + std::to_string(20 + h / 2) +
            ",40," + (h < 12 ? "1" : "3") + "\n";
  return InputFile::from_bytes("day.csv", text);
}
WaterOptions of_day() {
  WaterOptions o;
  o.site.weather = hot_day();
  o.power.off_site = 2 * units::L_per_kWh;
  o.cooling.pue = 1.25;
  return o;
}

TEST(Water, PueMultipliesTheOffSitePartAlone) {
  const auto r = ask({"Zambia", "--pue", "1.3"});
  EXPECT_NEAR(value(r, "total"), value(r, "on_site") + 1.3 * value(r, "off_site"), 1e-9);
  EXPECT_NEAR(value(r, "off_site"), 4.9554, 1e-6);
  const auto other = ask({"Zambia", "--pue", "2"});
  EXPECT_EQ(value(other, "on_site"), value(r, "on_site"));
}

TEST(Water, AYearIsTheMeanOfItsDays) {
  const auto catalog = catalog::Catalog::load();
  const auto tables = catalog::WaterTables::load(*catalog);
  const auto* c = tables->find("LY", *catalog);
  const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  double sum = 0;
  for (std::size_t i = 0; i < 12; ++i) sum += days[i] * c->months[i].fixed_cold_water / 365;
  EXPECT_NEAR(value(ask({"LY", "--cooling", "tower-fixed-cold-water"}), "on_site"), sum, 1e-9);
  EXPECT_NEAR(value(ask({"LY", "--cooling", "tower-fixed-cold-water", "--month", "3"}), "on_site"),
              c->months[2].fixed_cold_water, 1e-9);
}

TEST(Water, IntervalsHoldTheValueAndNeverReachZero) {
  const auto r = ask({"BJ", "--energy", "1 MWh"});
  for (const char* name : {"on_site", "off_site", "total", "water", "withdrawal"}) {
    const auto& m = r.find_estimate(name)->measure;
    EXPECT_GT(m.interval.low, 0) << name;
    EXPECT_LT(m.interval.low, m.value) << name;
    EXPECT_GT(m.interval.high, m.value) << name;
    EXPECT_EQ(m.method, Method::modelled) << name;
  }
}

TEST(Water, LitresScaleWithTheEnergyStatedAndNoneIsAssumed) {
  const auto none = ask({"BJ"});
  for (const char* name : {"water", "report", "email", "tokens_1000"}) EXPECT_FALSE(none.find_estimate(name)) << name;
  const auto r = ask({"BJ", "--pue", "1.2", "--energy", "2 kWh", "--report-energy", "100 Wh", "--email-energy", "10 Wh",
                      "--token-energy", "3.6 J/token"});
  WaterOptions o;
  const double per_kwh = value(r, "total");
  const auto litres = [&](const char* name) {
    const auto& m = r.find_estimate(name)->measure;
    return m.unit == "mL" ? m.value / 1000 : m.value;
  };
  EXPECT_NEAR(litres("water"), 2 * per_kwh, 1e-9);
  EXPECT_NEAR(litres("report"), 0.1 * per_kwh, 1e-9);
  EXPECT_NEAR(litres("email"), 0.01 * per_kwh, 1e-9);
  EXPECT_NEAR(litres("tokens_1000"), 0.001 * per_kwh, 1e-9);
}

TEST(Water, WithdrawalAndLeakageAreMoreThanEvaporation) {
  const auto r = ask({"ZM", "--cycles", "3"});
  EXPECT_NEAR(value(r, "withdrawal"), value(r, "on_site") * 1.5, 1e-9);
  EXPECT_NEAR(value(r, "with_leakage"), value(r, "on_site") / (1 - 0.47), 1e-9);
}

TEST(Water, AirTakesNoneOnSite) {
  const auto r = ask({"LY", "--cooling", "air", "--pue", "1.4"});
  EXPECT_EQ(value(r, "on_site"), 0);
  EXPECT_NEAR(value(r, "total"), 1.4 * 1.4111, 1e-3);
  EXPECT_FALSE(r.find_estimate("withdrawal"));
}

TEST(Water, HoursAreWeightedByTheLoad) {
  auto o = of_day();
  const auto weighted = water(o, context());
  const auto* hours = weighted.find_table("water.hours.v1");
  ASSERT_TRUE(hours);
  ASSERT_EQ(hours->rows(), 24u);
  const auto& on_site = hours->column("on_site").numbers();
  double sum = 0;
  for (std::size_t i = 0; i < 24; ++i) sum += on_site[i] * (i < 12 ? 1 : 3) / 48.0;
  EXPECT_NEAR(value(weighted, "on_site"), sum, 1e-12);
}

TEST(Water, AdiabaticCoolingDependsOnItsSwitch) {
  auto o = of_day();
  o.cooling.cooling = physics::Cooling::adiabatic;
  o.cooling.switch_celsius = 40;
  EXPECT_EQ(value(water(o, context()), "on_site"), 0);
  double before = 0;
  for (const double at : {28, 25, 22}) {
    o.cooling.switch_celsius = at;
    const double now = value(water(o, context()), "on_site");
    EXPECT_GT(now, before);
    before = now;
  }
}

TEST(Water, AStationsPressureCountsOnlyWhenAskedFor) {
  auto o = of_day();
  o.cooling.cooling = physics::Cooling::fixed_cold_water;
  const double stull = value(water(o, context()), "on_site");
  o.site.altitude = 2400;
  const auto high = water(o, context());
  EXPECT_EQ(value(high, "on_site"), stull);
  EXPECT_THAT(to_text(high), HasSubstr("psychrometric"));
  o.site.wet_bulb = WetBulbMethod::psychrometric;
  EXPECT_LT(value(water(o, context()), "on_site"), stull);
}

TEST(Water, OtherFiguresOfFuelsChangeTheElectricity) {
  const auto off_site = [](std::vector<std::string> more) {
    std::vector<std::string> words = {"ZM"};
    words.insert(words.end(), more.begin(), more.end());
    return value(ask(words), "off_site");
  };
  EXPECT_NEAR(off_site({"--mix", "hydro=1,solar=1"}), (5.3374 + 3.788) / 2, 1e-9);
  EXPECT_NEAR(off_site({"--mix", "hydro=1,solar=1", "--fuels", "pv"}), (5.3374 + 0.06) / 2, 1e-9);
  EXPECT_NEAR(off_site({"--mix", "hydro=1,solar=1", "--hydro", "none"}), 3.788 / 2, 1e-9);
  EXPECT_NEAR(off_site({"--mix", "hydro=1", "--fuel-water", "hydro=2"}), 2, 1e-9);
  EXPECT_NEAR(off_site({"--off-site", "7 mL/Wh"}), 7, 1e-9);
  EXPECT_LT(off_site({"--hydro", "run-of-river"}), 1) << "the place's own mix, mostly hydro";
  EXPECT_GT(off_site({"--mix", "FR"}), 1);
}

TEST(Water, CountriesAreRankedByWater) {
  const auto r = ask({});
  const auto* t = r.find_table("water.countries.v1");
  ASSERT_TRUE(t);
  EXPECT_EQ(t->rows(), 28u);
  const auto& total = t->column("total").numbers();
  EXPECT_TRUE(std::is_sorted(total.begin(), total.end()));
  EXPECT_EQ(r.find_table("water.climates.v1")->rows(), 5u);
  const auto some = ask({"ZM", "--compare", "LY,TD", "--compare", "LY"});
  EXPECT_EQ(some.find_table("water.countries.v1")->rows(), 2u);
}

TEST(Water, NoDataIsSaidWithWhatToGive) {
  EXPECT_THAT(refused({"Kenya"}, ErrorKind::not_found),
              AllOf(HasSubstr("no data"), HasSubstr("--weather"), HasSubstr("mix of Kenya is known")));
  EXPECT_THAT(refused({"Zambai"}, ErrorKind::not_found), HasSubstr("Zambia"));
  EXPECT_THAT(refused({"ZM", "--compare", "Kenya"}, ErrorKind::not_found), HasSubstr("no data"));
  WaterOptions o;
  o.site.weather = hot_day();
  EXPECT_THROW(water(o, context()), Error);
}

TEST(Water, BadInputIsRefused) {
  EXPECT_THAT(refused({"ZM", "--mix", "peat=1"}, ErrorKind::not_found), HasSubstr("peat"));
  EXPECT_THAT(refused({"ZM", "--mix", "gas=-1"}, ErrorKind::bad_input), HasSubstr("0 or more"));
  EXPECT_THAT(refused({"ZM", "--mix", "gas=1,gas=2"}, ErrorKind::bad_input), HasSubstr("twice"));
  EXPECT_THAT(refused({"ZM", "--mix", "gas=1", "--off-site", "2"}, ErrorKind::bad_input), HasSubstr("same thing"));
  EXPECT_THAT(refused({"ZM", "--mix", "Atlantis"}, ErrorKind::not_found), HasSubstr("Atlantis"));
  EXPECT_THAT(refused({"ZM", "--scarcity", "3"}, ErrorKind::bad_input), HasSubstr("--energy"));
  EXPECT_THAT(refused({"--energy", "3"}, ErrorKind::bad_input), HasSubstr("need a site"));
  EXPECT_THAT(refused({"ZM", "--month", "13"}, ErrorKind::bad_input), HasSubstr("month"));
  auto o = of_day();
  o.site.month = 3;
  EXPECT_THROW(water(o, context()), Error);
  o = of_day();
  o.site.weather = InputFile::from_bytes("w.csv", "time,wet bulb [°C]\n2025-07-01,20\n");
  EXPECT_NO_THROW(water(o, context()));
  o.cooling.cooling = physics::Cooling::adiabatic;
  EXPECT_THROW(water(o, context()), Error);
}

TEST(Water, MixFilesAreRead) {
  auto o = of_day();
  o.power.off_site.reset();
  o.power.mix_file = InputFile::from_bytes("mix.csv", "fuel,generation [GWh]\ncoal,2\ngas,2\nbiofuel,1\n");
  EXPECT_NEAR(value(water(o, context()), "off_site"), (2.009 + 1.4111) / 2, 1e-9);
  o.power.mix_file = InputFile::from_bytes("mix.csv", "fuel,amount\ncoal,2\n");
  EXPECT_THROW(water(o, context()), Error);
}

TEST(Water, ClaimsHoldOrSayWhyNot) {
  int hold = 0;
  for (const auto& claim : water_claims()) {
    const auto check = claim.check(context());
    EXPECT_NE(check.verdict, ClaimVerdict::differs) << claim.claimed << ": " << check.ours << "; " << check.note;
    hold += check.verdict == ClaimVerdict::holds;
  }
  EXPECT_EQ(hold, 8);
}

}  // namespace
}  // namespace wattline::ledger
