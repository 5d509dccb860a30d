#include "physics/cooling_water.h"

#include <cmath>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "physics/wet_bulb.h"

namespace wattline::physics {
namespace {

const catalog::Catalog& known() {
  static const auto catalog = catalog::Catalog::load();
  return *catalog;
}
const CoolingWater& water() {
  static const CoolingWater w(known());
  return w;
}

// Extremes that the dataset states: 1.1732 at 48.7 °F, 1.7072 at 81.6 °F.
TEST(CoolingWater, CurvesTurnWhereThePaperSays) {
  const auto& cw = water().curve(Cooling::fixed_cold_water);
  EXPECT_NEAR(cw.at(48.7).litres_per_kwh, 1.1732, 5e-5);
  EXPECT_GT(cw.at(44).litres_per_kwh, cw.at(48.7).litres_per_kwh);
  EXPECT_GT(cw.at(53).litres_per_kwh, cw.at(48.7).litres_per_kwh);
  const auto& fa = water().curve(Cooling::fixed_approach);
  EXPECT_NEAR(fa.at(81.6).litres_per_kwh, 1.7072, 1e-4);
  EXPECT_LT(fa.at(75).litres_per_kwh, fa.at(81.6).litres_per_kwh);
}

TEST(CoolingWater, CurvesAreHeldOutsideAndSaySo) {
  for (const auto c : {Cooling::fixed_approach, Cooling::fixed_cold_water, Cooling::us_tower}) {
    EXPECT_EQ(water().curve(c).at(-40).litres_per_kwh, water().curve(c).at(23).litres_per_kwh);
    EXPECT_TRUE(water().curve(c).at(-40).clamped);
    EXPECT_TRUE(water().curve(c).at(120).clamped);
    EXPECT_FALSE(water().curve(c).at(60).clamped);
    EXPECT_TRUE(std::isnan(water().curve(c).at(NAN).litres_per_kwh));
    for (double f = -100; f < 200; f += 3) EXPECT_GT(water().curve(c).at(f).litres_per_kwh, 0);
  }
}

// 6/5 * (6e-5*70^3 - 0.01*70^2 + 0.61*70 - 10.4); below about 24 °F the floor holds.
TEST(CoolingWater, OlderModel) {
  EXPECT_NEAR(water().curve(Cooling::us_tower).at(70).litres_per_kwh, 1.2 * (20.58 - 49 + 42.7 - 10.4), 1e-9);
  EXPECT_DOUBLE_EQ(water().curve(Cooling::us_tower).at(23).litres_per_kwh, 0.05);
}

TEST(CoolingWater, AirNeedsNoneAndAdiabaticOnlyAboveItsSwitch) {
  EXPECT_EQ(water().at(Cooling::air, 40, 25).litres_per_kwh, 0);
  EXPECT_EQ(water().at(Cooling::adiabatic, 24, 15).litres_per_kwh, 0);
  const double warm = water().at(Cooling::adiabatic, 30, 18).litres_per_kwh;
  EXPECT_NEAR(warm, 6.0 / 12 * 3600 / (2501 - 2.326 * 18), 1e-12);
  EXPECT_GT(water().at(Cooling::adiabatic, 34, 18).litres_per_kwh, warm);
  // Damp air cannot be cooled to the switch: it takes less water and the hall warms up, which is said.
  EXPECT_TRUE(water().at(Cooling::adiabatic, 34, 30).clamped);
  EXPECT_LT(water().at(Cooling::adiabatic, 34, 30).litres_per_kwh, warm);
}

TEST(OffSiteWater, IsTheGenerationWeightedMean) {
  const auto w = off_site_water({{"hydro", 3}, {"gas", 1}}, FuelSet::paper, HydroRule::set, {}, known());
  EXPECT_NEAR(w.litres_per_kwh, (3 * 5.3374 + 1.4111) / 4, 1e-12);
  EXPECT_NEAR(w.by_fuel.at("hydro") + w.by_fuel.at("gas"), w.litres_per_kwh, 1e-12);
  EXPECT_EQ(w.identified, 1);
}

TEST(OffSiteWater, BiofuelAndUnidentifiedAreInNeitherSum) {
  const auto w =
      off_site_water({{"coal", 2}, {"biofuel", 1}, {"unidentified", 1}}, FuelSet::paper, HydroRule::set, {}, known());
  EXPECT_NEAR(w.litres_per_kwh, 2.009, 1e-12);
  EXPECT_NEAR(w.identified, 0.5, 1e-12);
}

TEST(OffSiteWater, SetsAndRulesChangeWhatTheySay) {
  const auto of = [](const char* fuel, FuelSet s, HydroRule h, std::map<std::string, double> own = {}) {
    return off_site_water({{fuel, 7}}, s, h, own, known()).litres_per_kwh;
  };
  EXPECT_NEAR(of("solar", FuelSet::paper, HydroRule::set), 3.788, 1e-12);
  EXPECT_NEAR(of("solar", FuelSet::pv, HydroRule::set), 0.06, 1e-12);
  EXPECT_NEAR(of("coal", FuelSet::pv, HydroRule::set), 2.009, 1e-12);
  EXPECT_EQ(of("hydro", FuelSet::paper, HydroRule::none), 0);
  EXPECT_EQ(of("hydro", FuelSet::paper, HydroRule::run_of_river), 0);
  EXPECT_NEAR(of("coal", FuelSet::us, HydroRule::set), 1.7034, 5e-5);  // 450 gal/MWh
  EXPECT_EQ(of("coal", FuelSet::us, HydroRule::set, {{"coal", 9}}), 9);
}

// A mix lies between its fuels, and its unit does not matter.
TEST(OffSiteWater, AnyMixLiesBetweenItsFuels) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> amount(0, 100);
  for (int i = 0; i < 200; ++i) {
    GenerationMix mix, scaled;
    double low = 1e9, high = 0;
    for (const auto& fuel : mix_fuels()) {
      mix[fuel] = amount(random);
      scaled[fuel] = mix[fuel] * 1e-3;
      if (is_left_out(fuel)) continue;
      const double one = off_site_water({{fuel, 1}}, FuelSet::paper, HydroRule::set, {}, known()).litres_per_kwh;
      low = std::min(low, one);
      high = std::max(high, one);
    }
    const double w = off_site_water(mix, FuelSet::paper, HydroRule::set, {}, known()).litres_per_kwh;
    EXPECT_GT(w, low);
    EXPECT_LT(w, high);
    EXPECT_NEAR(w, off_site_water(scaled, FuelSet::paper, HydroRule::set, {}, known()).litres_per_kwh, 1e-9);
  }
}

TEST(OffSiteWater, BadMixesAreRefused) {
  const auto refused = [](GenerationMix mix) {
    try {
      off_site_water(mix, FuelSet::paper, HydroRule::set, {}, known());
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_THAT(refused({}), testing::HasSubstr("no amount of"));
  EXPECT_THAT(refused({{"biofuel", 3}}), testing::HasSubstr("identified"));
  EXPECT_THAT(refused({{"gas", -1}}), testing::HasSubstr("0 or more"));
  EXPECT_THAT(refused({{"gas", NAN}}), testing::HasSubstr("0 or more"));
  EXPECT_THAT(refused({{"peat", 1}}), testing::HasSubstr("peat"));
}

}  // namespace
}  // namespace wattline::physics
