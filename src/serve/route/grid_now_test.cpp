// The world as routers see it: prices, the battery, carbon of places; and that rules and choices follow it.
#include "serve/route/grid_now.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/intensity/intensity_store.h"
#include "catalog/place_options.h"
#include "kernel/error.h"
#include "kernel/json.h"
#include "kernel/testing.h"
#include "meter/fake_tree.h"

namespace wattline::serve::tests {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view prices = "time,usd_per_kwh\n2026-11-26T00:00Z,0.10\n2026-11-26T01:00Z,-0.02\n";

double price(std::string_view time) { return price_at(prices, "prices.csv", parse_time(time)); }

TEST(GridNow, APriceHoldsUntilTheNextAndTheLastAsLongAsTheOneBefore) {
  EXPECT_TRUE(std::isnan(price("2026-11-25T23:59:59Z")));
  EXPECT_EQ(price("2026-11-26T00:00:00Z"), 0.10);
  EXPECT_EQ(price("2026-11-26T00:59:59Z"), 0.10);
  EXPECT_EQ(price("2026-11-26T01:59:59Z"), -0.02);
  EXPECT_TRUE(std::isnan(price("2026-11-26T02:00:00Z")));
}

TEST(GridNow, PricesAtFaultSayWhere) {
  const auto fault = [](std::string_view csv) {
    try {
      price_at(csv, "prices.csv", parse_time("2026-11-26"));
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_THAT(fault("time,usd_per_kwh\n2026-11-26,0.1\n2026-11-26,0.2\n"), HasSubstr("prices.csv:3"));
  EXPECT_THAT(fault("time,usd_per_kwh\n2026-11-26,cheap\n"), HasSubstr("cheap"));
  EXPECT_THAT(fault("time,usd_per_kwh\nlater,0.1\n"), HasSubstr("later"));
  EXPECT_THAT(fault("time,price\n2026-11-26,0.1\n"), HasSubstr("usd_per_kwh"));
}

struct World : ::testing::Test {
  GridNow now() {
    return GridNow(config, catalog, tree.roots(), [this](std::string_view line) { log.emplace_back(line); });
  }
  catalog::Grid at(const std::string& place) {
    catalog::PlaceOptions o;
    o.place = place;
    return catalog::resolve(o, *catalog);
  }
  void battery(const std::string& name, const std::string& type, const std::string& capacity,
               const std::string& status) {
    const std::string dir = "sys/class/power_supply/" + name + "/";
    tree.put(dir + "type", type + "\n");
    tree.put(dir + "capacity", capacity + "\n");
    tree.put(dir + "status", status + "\n");
  }

  std::shared_ptr<const catalog::Catalog> catalog = catalog::Catalog::load();
  meter::tests::FakeTree tree;
  GridConfig config;
  std::vector<std::string> log;
};

TEST_F(World, BatteriesAreAveragedAndAMouseIsNone) {
  battery("AC", "Mains", "", "");
  battery("BAT0", "Battery", "40", "Discharging");
  battery("BAT1", "Battery", "60", "Full");
  battery("hidpp_battery_0", "Battery", "5", "Discharging");
  tree.put("sys/class/power_supply/hidpp_battery_0/scope", "Device\n");
  auto grid = now();
  EXPECT_TRUE(std::isnan(grid.world().battery)) << "nothing is read on a request's path";
  grid.refresh();
  EXPECT_DOUBLE_EQ(grid.world().battery, 0.5);
  EXPECT_TRUE(grid.world().on_battery);
}

TEST_F(World, WithoutBatteryOrPriceNothingIsKnown) {
  auto grid = now();
  grid.refresh();
  EXPECT_TRUE(std::isnan(grid.world().battery));
  EXPECT_TRUE(std::isnan(grid.world().electricity_price));
  EXPECT_FALSE(grid.world().on_battery);
}

TEST_F(World, WithoutASourceAPlacesYearStands) {
  auto grid = now();
  const auto& france = grid.place(at("FR"));
  grid.set_home(france);
  grid.refresh();
  EXPECT_DOUBLE_EQ(grid.world().carbon_intensity, at("FR").carbon_intensity.value().in(units::gCO2e_per_kWh));
  EXPECT_EQ(&grid.place(at("FR")), &france);
  EXPECT_NE(&grid.place(at("PL")), &france);
}

TEST_F(World, TheHourOfASeriesIsTaken) {
  const wattline::tests::ScratchDir dir;
  catalog::IntensitySeries s;
  const Time hour{Time::now().ns / 3'600'000'000'000 * 3'600'000'000'000};
  s.name = {"FR", catalog::IntensityKind::average, catalog::IntensityBasis::location};
  s.imports = {{"x.csv", "a source", "CC0", "", "", hour, 3600'000'000'000}};
  for (int h = -2; h <= 2; ++h) s.samples.push_back({hour + Duration(3600.0 * h), 33.0, false, 0});
  catalog::IntensityStore(dir.path()).save(s);
  config.live = GridConfig::Live::series;
  config.series = dir.path();
  auto grid = now();
  const auto& france = grid.place(at("FR"));
  const auto& poland = grid.place(at("PL"));
  grid.refresh();
  EXPECT_DOUBLE_EQ(france.carbon(), 33);
  // Another place has no series: its year stands, and it is said once.
  EXPECT_NEAR(poland.carbon(), at("PL").carbon_intensity.value().in(units::gCO2e_per_kWh), 1e-9);
  const auto said = log.size();
  EXPECT_GE(said, 1u);
  grid.refresh();
  EXPECT_EQ(log.size(), said);
  JsonWriter w;
  grid.write_json(w);
  const Json json = parse_json(w.take());
  EXPECT_EQ(json.at("places").as_array()[0].at("origin").as_string(), "series");
  EXPECT_EQ(json.at("places").as_array()[1].at("origin").as_string(), "yearly");
  EXPECT_TRUE(json.at("usd_per_kwh").is_null());
}

}  // namespace
}  // namespace wattline::serve::tests
