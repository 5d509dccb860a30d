#include "ledger/lca/card_model.h"

#include <fstream>
#include <random>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/table.h"
#include "kernel/testing.h"

namespace wattline::ledger::lca {
namespace {

const catalog::Catalog& names() {
  static const auto catalog = catalog::Catalog::load();
  return *catalog;
}
const Data& data() {
  static const Data loaded(names());
  return loaded;
}

Table shared_table(const std::string& file) {
  std::ifstream in(*tests::shared_dir() / "data" / file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return read_csv(text.str(), file);
}

TEST(EffectiveArea, IsMurphys) {
  EXPECT_NEAR(effective_area_mm2(826, 0.1), 1783, 0.5);
  EXPECT_NEAR(effective_area_mm2(814, 0.1), 1739, 0.5);
  EXPECT_DOUBLE_EQ(effective_area_mm2(500, 0), 500) << "no defects, nothing lost";
  EXPECT_NEAR(effective_area_mm2(1e-6, 0.1), 1e-6, 1e-12);
  double before = 0;
  for (double a = 1; a < 2000; a += 7) {
    const double e = effective_area_mm2(a, 0.1);
    EXPECT_GE(e, a);
    EXPECT_GT(e / a, before) << "larger chips lose more";
    before = e / a;
  }
}

TEST(UnitFactors, AreThePublishedMeans) {
  // Climate of the companion's table; ours of the board leaves the outlier out, which the table does not.
  const auto published = unit_factors(data(), "gddr", {MemoryRule::by_type, true});
  EXPECT_NEAR(published.parts[casing].mean[0], 8.25, 0.01);
  EXPECT_NEAR(published.parts[heatsink].mean[0], 5.74, 0.01);
  EXPECT_NEAR(published.parts[board].mean[0], 0.0325, 0.0002);
  EXPECT_NEAR(published.parts[chip].mean[0], 0.0426, 0.0001);
  EXPECT_NEAR(published.parts[upstream].mean[0], 0.26, 0.001);
  EXPECT_NEAR(published.parts[end_of_life].mean[0], 1.51, 0.1);
  EXPECT_NEAR(published.parts[memory].mean[0], 2.99, 0.01);
  EXPECT_EQ(published.parts[memory].cards, 4u);
  const auto ours = unit_factors(data(), "hbm");
  EXPECT_GT(ours.parts[board].mean[0], 0.037);
  EXPECT_EQ(ours.parts[board].cards, 6u);
  EXPECT_NEAR(ours.parts[memory].mean[0], 3.19, 0.02);
  EXPECT_EQ(ours.parts[casing].cards, 6u) << "the L4 has no casing";
  EXPECT_THROW(unit_factors(data(), "ddr5"), Error);
}

TEST(UnitFactors, AgreeWithTheSharedTable) {
  if (!tests::shared_dir()) GTEST_SKIP() << "skipped: no shared data";
  const Table t = shared_table("gpu-lca/unit_factors_7card_average.csv");
  const auto ours = unit_factors(data(), "gddr", {MemoryRule::by_type, true});
  const auto check = [&](const char* row_name, Part part) {
    const auto& components = t.column("component").texts();
    const auto row =
        static_cast<std::size_t>(std::find(components.begin(), components.end(), row_name) - components.begin());
    ASSERT_LT(row, t.rows());
    for (const auto& column : t.columns()) {
      const std::string code = column.name.substr(0, column.name.find(' '));
      if (code == "component" || code == "unit") continue;
      const std::size_t c = data().category(code);
      const double published = column.to_numbers()[row];
      EXPECT_NEAR(ours.parts[part].mean[c], published, 0.01 * published) << row_name << " " << code;
    }
  };
  check("Casing", casing);
  check("Heatsink", heatsink);
  check("PCB", board);
  check("GPU", chip);
}

TEST(Cards, AreThoseOfTheSharedTables) {
  if (!tests::shared_dir()) GTEST_SKIP() << "skipped: no shared data";
  const Table t = shared_table("gpu-lca/component_impacts.csv");
  const std::pair<const char*, Part> parts[] = {{"casing", casing},
                                                {"heatsink", heatsink},
                                                {"printed_wiring_board", board},
                                                {"graphics_processing_unit", chip},
                                                {"video_ram", memory},
                                                {"upstream_transport", upstream},
                                                {"end_of_life", end_of_life}};
  std::size_t compared = 0;
  for (std::size_t i = 0; i < t.rows(); ++i) {
    const std::string& card = t.column("card").texts()[i];
    const std::string& stage = t.column("stage").texts()[i];
    const std::string& code = t.column("criterion").texts()[i];
    if (card == "Average" || code == "GWPf" || code == "GWPb" || code == "GWPlu") continue;
    if (stage != "manufacturing" && stage != "end_of_life") continue;
    for (const auto& [name, part] : parts) {
      if (t.column("component").texts()[i] != name || (stage == "end_of_life") != (part == end_of_life)) continue;
      const Card* ours = data().find_card(card);
      ASSERT_TRUE(ours) << card;
      EXPECT_DOUBLE_EQ(ours->parts[part].scores[data().category(code)], t.column("value").to_numbers()[i]);
      ++compared;
    }
  }
  EXPECT_EQ(compared, 7u * 7 * 17);
}

TEST(Cards, AreFoundByManyNames) {
  EXPECT_EQ(data().taken_apart().size(), 7u);
  for (const char* name : {"A100 SXM4", "NVIDIA A100-SXM4-40GB", "nvidia a100 sxm 40gb", "A100"})
    ASSERT_TRUE(data().find_card(name)) << name;
  EXPECT_EQ(data().find_card("A100"), data().find_card("NVIDIA A100 SXM 40GB"));
  EXPECT_NE(data().find_card("A100 PCIe 40GB"), data().find_card("A100"));
  EXPECT_EQ(data().find_card("Average"), nullptr) << "the source's average is no card";
  EXPECT_EQ(data().find_card("A100 SXM 80GB"), nullptr);
  for (const auto& c : data().cards()) {
    EXPECT_TRUE(missing_fields(c).empty()) << c.name;
    EXPECT_TRUE(c.device.empty() || names().find_device(c.device)) << c.device;
  }
}

TEST(ParametricCard, IsAdditiveInItsParts) {
  std::mt19937_64 random(16);
  const auto draw = [&](double low, double high) { return std::uniform_real_distribution<>(low, high)(random); };
  const auto factors = unit_factors(data(), "gddr");
  for (int i = 0; i < 200; ++i) {
    Card c;
    c.mass_kg = draw(0.2, 2);
    c.casing_kg = draw(0, 0.1);
    c.heatsink_kg = draw(0, 0.1);
    c.board_cm2 = draw(10, 400);
    c.chip_mm2 = draw(100, 900);
    c.memory_packages = std::floor(draw(1, 16));
    c.memory_type = "gddr";
    Card more = c;
    more.memory_packages += 2;
    c.parts = parametric_parts(c, factors, 0.1);
    more.parts = parametric_parts(more, factors, 0.1);
    for (std::size_t k = 0; k < category_count; ++k)
      EXPECT_NEAR(more.manufacture()[k] - c.manufacture()[k], 2 * factors.parts[memory].mean[k],
                  1e-9 * more.manufacture()[k]);
    Card larger = c;
    larger.chip_mm2 *= 1.5;
    larger.parts = parametric_parts(larger, factors, 0.1);
    EXPECT_GT(larger.parts[chip].scores[0], 1.5 * c.parts[chip].scores[0]) << "yield falls with area";
  }
}

TEST(LeaveOneOut, HasTheRangesOfThePooledModel) {
  const LeaveOneOut m = leave_one_out(data(), {MemoryRule::pooled, true});
  const struct {
    const char* code;
    double low, high;
  } expected[] = {{"GWP", -11.0, 14.1},  {"AP", -13.5, 9.5},   {"ADPf", -11.1, 19.0}, {"PM", -13.5, 10.2},
                  {"POCP", -11.5, 12.5}, {"Epm", -11.9, 13.7}, {"Ept", -11.9, 13.6},  {"WU", -18.7, 30.4},
                  {"ODP", -19.8, 45.4},  {"ADPe", -56.1, 42.9}};
  for (const auto& e : expected) {
    const std::size_t c = data().category(e.code);
    EXPECT_NEAR(100 * m.low[c], e.low, 0.06) << e.code;
    EXPECT_NEAR(100 * m.high[c], e.high, 0.06) << e.code;
  }
  // Heatsink metals: these fail, three to nine times.
  for (const char* code : {"CTUh_c", "IR", "LU", "Epf", "CTUh_nc"}) {
    EXPECT_GT(m.high[data().category(code)], 2) << code;
    EXPECT_LT(m.high[data().category(code)], 9) << code;
  }
}

TEST(LeaveOneOut, TheCardLeftOutDoesNotTellOfItself) {
  const Card* l4 = data().find_card("L4");
  const auto with = unit_factors(data(), "gddr"), without = unit_factors(data(), "gddr", {}, l4);
  EXPECT_NE(with.parts[chip].mean[0], without.parts[chip].mean[0]);
  EXPECT_EQ(without.parts[chip].cards, 6u);
  // By type is the better model where the type matters.
  const auto typed = leave_one_out(data()), pooled = leave_one_out(data(), {MemoryRule::pooled, false});
  EXPECT_LT(typed.log_rms[data().category("ODP")], pooled.log_rms[data().category("ODP")]);
}

}  // namespace
}  // namespace wattline::ledger::lca
