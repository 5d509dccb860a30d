#include "physics/generators.h"

#include <fstream>

#include <gtest/gtest.h>

#include "kernel/table.h"
#include "kernel/testing.h"

namespace wattline::physics {
namespace {

const catalog::Catalog& known() {
  static const auto catalog = catalog::Catalog::load();
  return *catalog;
}
const GeneratorFactors& factors() {
  static const GeneratorFactors f(known());
  return f;
}
double of(const Grams& g, Pollutant p) { return g[static_cast<std::size_t>(p)]; }

// AP-42 in g/kWh: 14.6, 3.35, 706.
TEST(Generators, FactorsAreThoseOfTheTables) {
  EXPECT_NEAR(factors().grams_per_kwh(Tier::uncontrolled, Pollutant::nox, 0), 14.6, 0.05);
  EXPECT_NEAR(factors().grams_per_kwh(Tier::uncontrolled, Pollutant::co, 0), 3.35, 0.005);
  EXPECT_NEAR(factors().grams_per_kwh(Tier::uncontrolled, Pollutant::co2, 0), 706, 0.5);
  EXPECT_NEAR(factors().grams_per_kwh(Tier::uncontrolled, Pollutant::so2, 15e-6), 0.00809 * 0.0015 * 608.277, 1e-5);
  EXPECT_DOUBLE_EQ(factors().grams_per_kwh(Tier::tier4, Pollutant::nox, 0), 0.67);
  EXPECT_DOUBLE_EQ(factors().grams_per_kwh(Tier::tier2, Pollutant::pm, 0), 0.2);
  // What a tier does not limit is AP-42's.
  EXPECT_DOUBLE_EQ(factors().grams_per_kwh(Tier::tier4, Pollutant::co2, 0),
                   factors().grams_per_kwh(Tier::uncontrolled, Pollutant::co2, 0));
}

TEST(Generators, TheSpecifiedExampleIsTwelveTonnes) {
  const Grams g = factors().emitted({40, Power(2e6), Tier::tier2, 0}, {24, 1, 0});
  EXPECT_NEAR(of(g, Pollutant::nox), 12.288e6, 1);
}

TEST(Generators, EmissionsAreProportional) {
  const GeneratorFleet one{1, Power(1e6), Tier::tier2, 15e-6}, ten{10, Power(1e6), Tier::tier2, 15e-6};
  const Grams a = factors().emitted(one, {10, 0.5, 3}), b = factors().emitted(ten, {20, 1, 6});
  for (std::size_t p = 0; p < pollutants; ++p) EXPECT_NEAR(b[p], 40 * a[p], 1e-6 * b[p]);
}

TEST(Generators, AColdCatalystDoesNothing) {
  const GeneratorFleet fleet{1, Power(1e6), Tier::tier4, 0};
  const double warm = of(factors().emitted(fleet, {1, 1, 0}), Pollutant::nox);
  EXPECT_NEAR(warm, 670, 1e-6);
  EXPECT_NEAR(of(factors().emitted(fleet, {1, 1, 1}), Pollutant::nox), 1000 * (0.67 * 2 / 3 + 6.4 / 3), 1e-6);
  // Never longer cold than it runs.
  EXPECT_NEAR(of(factors().emitted(fleet, {0.1, 1, 5}), Pollutant::nox), 640, 1e-6);
  EXPECT_NEAR(of(factors().emitted(fleet, {1, 1, 1}), Pollutant::pm), 30, 1e-6) << "the filter is no catalyst";
}

TEST(Generators, AreThoseOfTheCollection) {
  const auto shared = tests::shared_dir();
  const auto path =
      shared ? *shared / "data/diesel-genset-factors/ap42_table_3_4_1_large_diesel.csv" : std::filesystem::path();
  if (!shared || !std::filesystem::exists(path)) GTEST_SKIP() << "skipped: no shared data";
  std::ifstream in(path);
  const Table t = read_csv(std::string(std::istreambuf_iterator<char>(in), {}), path.string());
  const auto values = t.column("lb_per_hp_hr").to_numbers();
  const std::map<std::string, double> ours = {
      {"NOx_uncontrolled", factors().grams_per_kwh(Tier::uncontrolled, Pollutant::nox, 0)},
      {"NOx_controlled", factors().grams_per_kwh(Tier::controlled, Pollutant::nox, 0)},
      {"CO", factors().grams_per_kwh(Tier::uncontrolled, Pollutant::co, 0)},
      {"SOx", factors().grams_per_kwh(Tier::uncontrolled, Pollutant::so2, 0.01)},
      {"PM", factors().grams_per_kwh(Tier::uncontrolled, Pollutant::pm, 0)},
      {"CO2", factors().grams_per_kwh(Tier::uncontrolled, Pollutant::co2, 0)},
      {"TOC_as_CH4", factors().grams_per_kwh(Tier::uncontrolled, Pollutant::voc, 0)}};
  for (std::size_t i = 0; i < t.rows(); ++i) {
    const std::string& name = t.column("pollutant").texts()[i];
    ASSERT_TRUE(ours.contains(name)) << name;
    EXPECT_NEAR(ours.at(name) / (values[i] * 453.59237 / 0.745699872), 1, 1e-5) << name;
  }
}

}  // namespace
}  // namespace wattline::physics
