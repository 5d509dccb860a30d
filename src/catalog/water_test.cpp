#include "catalog/water.h"

#include <fstream>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/table.h"
#include "kernel/testing.h"

namespace wattline::catalog {
namespace {

const Catalog& embedded() {
  static const auto catalog = Catalog::load();
  return *catalog;
}

TEST(WaterTables, HoldEveryCountryWhole) {
  const auto t = WaterTables::load(embedded());
  EXPECT_EQ(t->countries().size(), 28u);
  for (const auto& c : t->countries()) {
    SCOPED_TRACE(c.name);
    EXPECT_GT(c.source.size(), 15u);
    EXPECT_FALSE(c.licence.empty());
    EXPECT_GE(c.off_site, 0);
    EXPECT_LT(c.off_site, 6);
    EXPECT_GT(c.leakage, 0.1);
    EXPECT_LT(c.leakage, 0.6);
    for (const auto& m : c.months) {
      EXPECT_GT(m.celsius, 0);
      EXPECT_LT(m.celsius, 45);
      EXPECT_LT((m.wet_bulb_fahrenheit - 32) / 1.8, m.celsius + 0.5);
      EXPECT_GT(m.fixed_approach, 0.9);
      EXPECT_LT(m.fixed_approach, 1.71);
      EXPECT_GT(m.fixed_cold_water, 1.17);
    }
  }
  EXPECT_EQ(t->samples().size(), 4u);
  EXPECT_EQ(WaterTables::climates(embedded()).size(), 5u);
}

TEST(WaterTables, CountriesAreFoundByAnySpelling) {
  const auto t = WaterTables::load(embedded());
  for (const char* name : {"ZM", "Zambia", "zambia", "ZMB"}) {
    const auto* c = t->find(name, embedded());
    ASSERT_TRUE(c) << name;
    EXPECT_EQ(c->code, "ZM");
  }
  EXPECT_FALSE(t->find("", embedded()));
  EXPECT_FALSE(t->find("Kenya", embedded()));
  EXPECT_FALSE(t->find("Atlantis", embedded()));
  ASSERT_TRUE(t->find_mix("KE", embedded()));
  EXPECT_EQ(t->find_mix("KE", embedded())->name, "Kenya");
  EXPECT_GT(t->find_mix("FR", embedded())->by_fuel.at("nuclear"), 100);
}

TEST(WaterTables, AnotherFileReplacesOurs) {
  tests::ScratchDir dir;
  const auto with = [&](const char* months) {
    std::ofstream(dir.path() / "water_countries.csv")
        << "code,name,aliases,climate,off_site [L/kWh],leakage,from,to,year,source,note\n"
           "XX,Nowhere,,Desert,1.5,0.2,2025-01,2025-12,2025,our own list,\n";
    std::ofstream(dir.path() / "water_months.csv")
        << "country,month,temperature_c,humidity_percent,wet_bulb_f,fixed_approach [L/kWh],fixed_cold_water [L/kWh]\n"
        << months;
    return WaterTables::load(*Catalog::load(dir.path()));
  };
  std::string all;
  for (int m = 1; m <= 12; ++m) all += "XX," + std::to_string(m) + ",20,50,55,1.5,1.2\n";
  const auto t = with(all.c_str());
  ASSERT_EQ(t->countries().size(), 1u);
  EXPECT_EQ(t->countries()[0].source, "our own list");
  EXPECT_DOUBLE_EQ(t->countries()[0].months[11].fixed_approach, 1.5);
  EXPECT_THROW(with("XX,1,20,50,55,1.5,1.2\n"), Error);
  EXPECT_THROW(with("YY,1,20,50,55,1.5,1.2\n"), Error);
  EXPECT_THROW(with("XX,13,20,50,55,1.5,1.2\n"), Error);
}

// Our rows are means over years of the public collection's months.
TEST(WaterTables, AreThoseOfTheCollection) {
  const auto shared = tests::shared_dir();
  const auto path = shared ? *shared / "data" / "water-africa" / "country_month.csv" : std::filesystem::path();
  if (!shared || !std::filesystem::exists(path)) GTEST_SKIP() << "skipped: no shared data";
  std::ifstream in(path);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  const Table table = read_csv(text, path.string());
  const auto t = WaterTables::load(embedded());
  std::map<std::pair<std::string, std::int64_t>, std::pair<double, int>> sums;
  const auto approach = table.column("wue_fixed_approach_l_per_kwh").to_numbers();
  for (std::size_t i = 0; i < table.rows(); ++i) {
    auto& s = sums[{table.column("country").texts()[i], table.column("month").integers()[i]}];
    s.first += approach[i];
    ++s.second;
  }
  EXPECT_EQ(sums.size(), 28u * 12);
  for (const auto& [key, sum] : sums) {
    const auto* c = t->find(key.first, embedded());
    ASSERT_TRUE(c) << key.first;
    EXPECT_NEAR(c->months[static_cast<std::size_t>(key.second - 1)].fixed_approach, sum.first / sum.second, 6e-5);
  }
}

}  // namespace
}  // namespace wattline::catalog
