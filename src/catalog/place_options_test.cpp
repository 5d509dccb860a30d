#include "catalog/place_options.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/loader.h"
#include "kernel/error.h"

namespace wattline::catalog {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

const Catalog& embedded() {
  static const auto catalog = Catalog::load();
  return *catalog;
}
Grid at(const std::string& place) {
  PlaceOptions o;
  o.place = place;
  return resolve(o, embedded());
}
// All factors given: nothing uncertain, so the arithmetic is bare.
Grid bare() {
  PlaceOptions o;
  o.place = "FR";
  o.intensity = 100 * units::gCO2e_per_kWh;
  o.water_intensity = 3 * units::L_per_kWh;
  o.pue = 1.5;
  o.wue = 0.2 * units::L_per_kWh;
  return resolve(o, embedded());
}
std::vector<std::string> ids(const Grid& g) {
  std::vector<std::string> out;
  for (const auto& f : g.factors) out.push_back(f.id);
  return out;
}

TEST(Grid, ArithmeticOfEnergyCarbonAndWater) {
  const auto e = Estimate<Energy>::exact(2 * units::kWh);
  EXPECT_DOUBLE_EQ(bare().facility_energy(e).value().in(units::kWh), 3);
  EXPECT_DOUBLE_EQ(bare().carbon(e).value().in(units::gCO2e), 300);
  EXPECT_DOUBLE_EQ(bare().water(e).value().in(units::L), 2 * (0.2 + 1.5 * 3));
  EXPECT_EQ(bare().carbon(e).sd(), Carbon(0));
  EXPECT_EQ(bare().carbon(Estimate<Energy>::exact(Energy(0))).value(), Carbon(0));
  EXPECT_EQ(bare().carbon(e).method(), Method::declared);
}

TEST(Grid, EnergiesAtOnePlaceShareItsError) {
  const Grid g = at("FR");
  const auto one = Estimate<Energy>::exact(units::kWh);
  const Estimate<Carbon> first = g.carbon(one), second = g.carbon(one);
  // Fully correlated: a thousand rows are as uncertain, relatively, as one.
  EXPECT_NEAR((first + second).sd().base(), first.sd().base() + second.sd().base(), 1e-9);
  EXPECT_NEAR((first - second).sd().base(), 0, 1e-9);
  // Two grids share the PUE of an unknown site, but not their intensities.
  const Estimate<Carbon> elsewhere = at("DE").carbon(one);
  EXPECT_LT((first + elsewhere).sd().base(), first.sd().base() + elsewhere.sd().base());
  EXPECT_GT((first + elsewhere).sd().base(), std::hypot(first.sd().base(), elsewhere.sd().base()));
}

// Relative variances of the factors add up, as in a Monte Carlo of the same product.
TEST(Grid, SpreadIsThatOfTheProduct) {
  const Grid g = at("FR");
  const Estimate<Carbon> carbon = g.carbon(Estimate<Energy>::exact(units::kWh));
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal;
  double sum = 0, squares = 0;
  constexpr int n = 200'000;
  for (int i = 0; i < n; ++i) {
    const double pue = g.pue.value() + normal(random) * g.pue.sd();
    const double intensity = g.carbon_intensity.value().base() + normal(random) * g.carbon_intensity.sd().base();
    const double v = 3.6e6 * pue * intensity;
    sum += v;
    squares += v * v;
  }
  const double mean = sum / n, sd = std::sqrt(squares / n - mean * mean);
  EXPECT_NEAR(carbon.value().base() / mean, 1, 0.005);
  EXPECT_NEAR(carbon.sd().base() / sd, 1, 0.02);
}

TEST(Resolve, NoPlaceIsTheWorldAndSaysSo) {
  const Grid g = at("");
  EXPECT_EQ(g.place, "WORLD");
  EXPECT_THAT(g.warnings, Contains("no place given: world average"));
  EXPECT_EQ(g.carbon_intensity.method(), Method::modelled);
  EXPECT_TRUE(at("FR").warnings.empty());
  EXPECT_TRUE(at("WORLD").warnings.empty()) << "who asks for the world's average gets it unflagged";
  // With both intensities given no place is needed.
  PlaceOptions o;
  o.intensity = 50 * units::gCO2e_per_kWh;
  EXPECT_FALSE(resolve(o, embedded()).warnings.empty());
  o.water_intensity = units::L_per_kWh;
  EXPECT_TRUE(resolve(o, embedded()).warnings.empty());
}

TEST(Resolve, UnknownPlacesSuggestTheNearest) {
  try {
    at("Frnce");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::not_found);
    EXPECT_THAT(e.what(), HasSubstr("'France'"));
  }
  EXPECT_THROW(at("gcp/europe-west99"), Error);
  PlaceOptions o;
  o.pue = 0.5;
  EXPECT_THROW(resolve(o, embedded()), Error);
  o.pue = NAN;
  EXPECT_THROW(resolve(o, embedded()), Error);
}

TEST(Resolve, TheProvidersOwnFiguresComeFirst) {
  const Grid g = at("gcp/europe-west1");
  EXPECT_EQ(g.place, "BE");
  const Region& r = embedded().region("gcp/europe-west1");
  ASSERT_TRUE(r.carbon_intensity && r.pue);
  EXPECT_EQ(g.carbon_intensity.value(), r.carbon_intensity->value());
  EXPECT_DOUBLE_EQ(g.pue.value(), *r.pue);
  EXPECT_GT(double(g.pue.sd()), 0) << "a year differs from the next";
  EXPECT_THAT(ids(g), AllOf(Contains("pue.gcp/europe-west1"), Contains("pue.region_spread")));
  EXPECT_THAT(ids(at("FR")), AllOf(Contains("pue.default"), Contains("wue.default")));
  EXPECT_EQ(at("FR").pue.method(), Method::modelled);
  // Of a region that publishes no PUE its provider's is taken.
  ASSERT_FALSE(embedded().region("aws/us-east-1").pue);
  EXPECT_THAT(ids(at("aws/us-east-1")), AllOf(Contains("pue.aws"), Contains("wue.aws"), Not(Contains("pue.default"))));
  EXPECT_EQ(at("aws/us-east-1").pue.method(), Method::declared);
  // What is given beats all.
  PlaceOptions o;
  o.place = "gcp/europe-west1";
  o.intensity = 7 * units::gCO2e_per_kWh;
  o.pue = 1;
  const Grid given = resolve(o, embedded());
  EXPECT_DOUBLE_EQ(given.carbon_intensity.value().in(units::gCO2e_per_kWh), 7);
  EXPECT_DOUBLE_EQ(given.pue.value(), 1);
  EXPECT_THAT(ids(given),
              AllOf(Contains("given.intensity"), Contains("given.pue"), Not(Contains("pue.region_spread"))));
}

TEST(Resolve, WaterFallsBackToTheWorldAndSaysSo) {
  ASSERT_FALSE(embedded().place("AG").water_intensity);
  const Grid g = at("AG");
  EXPECT_EQ(g.water_intensity.value(), embedded().place("").water_intensity->value());
  EXPECT_THAT(g.warnings, Contains(HasSubstr("AG")));
}

TEST(Resolve, EachFactorIsListedOnce) {
  for (const char* place : {"", "FR", "gcp/europe-west1", "aws/us-east-1", "AG"}) {
    auto all = ids(at(place));
    const std::size_t count = all.size();
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    EXPECT_EQ(all.size(), count) << place;
    for (const auto& f : at(place).factors) EXPECT_FALSE(f.source.empty()) << f.id;
  }
}

TEST(AddImpacts, AddsThreeEstimatesFactorsAndWarnings) {
  Result out;
  add_impacts(out, Estimate<Energy>::relative(units::kWh, 0.1, Method::measured, "a meter"), at(""));
  ASSERT_NE(out.find_estimate("energy"), nullptr);
  EXPECT_EQ(out.find_estimate("energy")->measure.method, Method::measured);
  EXPECT_EQ(out.find_estimate("carbon")->measure.method, Method::modelled);
  EXPECT_GT(out.find_estimate("water")->measure.interval.high, out.find_estimate("water")->measure.value);
  EXPECT_EQ(out.factors.size(), 4u);
  EXPECT_EQ(out.warnings.size(), 1u);
}

TEST(PlaceFields, RefuseWhatCannotBe) {
  const FieldTable& fields = place_fields().table();
  ASSERT_EQ(fields.size(), 5u);
  const auto field = [&](std::string_view name) -> const Field& {
    return *std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == name; });
  };
  EXPECT_THROW(field_from_text(field("pue"), "0.9"), Error);
  EXPECT_THROW(field_from_text(field("intensity"), "-1"), Error);
  EXPECT_THROW(field_from_text(field("intensity"), "12 L/kWh"), Error);
  PlaceOptions o;
  field("intensity").set(&o, field_from_text(field("intensity"), "0.2 kgCO2e/kWh"));
  EXPECT_NEAR(o.intensity->in(units::gCO2e_per_kWh), 200, 1e-9);
  field("wue").set(&o, field_from_text(field("wue"), "1.5"));
  EXPECT_NEAR(o.wue->in(units::L_per_kWh), 1.5, 1e-12);
}

}  // namespace
}  // namespace wattline::catalog
