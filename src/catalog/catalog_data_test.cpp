// Every row of the embedded files: it loads, has a known source, and its figures can be true.
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "catalog/loader.h"
#include "kernel/table.h"
#include "kernel/units.h"

namespace wattline::catalog {
namespace {

const Catalog& embedded() {
  static const auto catalog = Catalog::load();
  return *catalog;
}

void expect_origin(const Origin& o, const std::string& row) {
  EXPECT_GT(o.source.size(), 15u) << row;  // the title, not the id: the id is in sources.csv
  EXPECT_FALSE(o.licence.empty()) << row;
  EXPECT_GE(o.year, 1990) << row;
  EXPECT_LE(o.year, 2026) << row;
}

TEST(Data, ThereIsEnoughOfIt) {
  EXPECT_GE(embedded().devices().size(), 45u);
  EXPECT_GE(embedded().models().size(), 40u);
  EXPECT_GE(embedded().places().size(), 60u);
  EXPECT_GE(embedded().regions().size(), 100u);
}

TEST(Data, EverySourceIsUsedAndEveryRowHasOne) {
  std::set<std::string> used;
  const auto ids = [&](const char* file, std::initializer_list<const char*> columns) {
    const Table t = read_csv(embedded().file(file), file, {.delimiter = ',', .infer = false});
    for (const char* column : columns)
      for (const auto& id : t.column(column).texts()) used.insert(id);
  };
  ids("devices.csv", {"source"});
  ids("models.csv", {"source"});
  ids("places.csv", {"source", "water_source"});
  ids("regions.csv", {"source"});
  ids("factors.csv", {"source"});
  ids("processor_curves.csv", {"source"});
  ids("processor_walls.csv", {"source"});
  used.erase("");
  const Table sources = read_csv(embedded().file("sources.csv"), "sources.csv", {.delimiter = ',', .infer = false});
  std::set<std::string> known;
  for (const auto& id : sources.column("id").texts()) EXPECT_TRUE(known.insert(id).second) << id;
  for (const auto& id : used) EXPECT_TRUE(known.contains(id)) << id;
  for (std::size_t i = 0; i < sources.rows(); ++i)
    EXPECT_FALSE(sources.column("licence").texts()[i].empty()) << sources.column("id").texts()[i];
}

TEST(Data, FactorsAreSortedAndTheirValuesInside) {
  std::string before;
  for (const auto& f : embedded().factors()) {
    EXPECT_LT(before, f.id) << "rows are sorted by id";
    before = f.id;
    expect_origin(f.origin, f.id);
    EXPECT_FALSE(f.description.empty()) << f.id;
    EXPECT_FALSE(f.group.empty()) << f.id;
    EXPECT_LE(f.interval.low, f.value) << f.id;
    EXPECT_GE(f.interval.high, f.value) << f.id;
    EXPECT_NO_THROW(parse_unit(f.unit)) << f.id;
  }
}

TEST(Data, DevicesCouldExist) {
  for (const auto& d : embedded().devices()) {
    SCOPED_TRACE(d.name);
    expect_origin(d.origin, d.name);
    const double watts = d.board_power.in(units::W);
    if (watts > 0) {
      EXPECT_GE(watts, 2);
      EXPECT_LE(watts, 2000);
    }
    if (d.idle_power) {
      EXPECT_LT(*d.idle_power, d.board_power);
      EXPECT_GT(d.idle_power->in(units::W), 0.5);
    }
    if (d.memory) {
      EXPECT_GE(d.memory->in(units::GiB), 1);
      EXPECT_LE(d.memory->in(units::GiB), 600);
    }
    ASSERT_TRUE(d.bandwidth) << "nothing can be predicted without";
    EXPECT_GE(d.bandwidth->base(), 10e9);
    EXPECT_LE(d.bandwidth->base(), 10e12);
    if (d.kind == DeviceKind::cpu) {
      EXPECT_GT(d.cores, 0);
    }
    if (d.kind == DeviceKind::gpu) {
      EXPECT_EQ(d.cores, 0);
    }
    if (d.kind != DeviceKind::soc) {
      EXPECT_FALSE(d.peak.empty());
    }
    for (const auto& [format, peak] : d.peak) {
      EXPECT_GE(peak.base(), 1e10) << format;
      EXPECT_LE(peak.base(), 2e16) << format;
    }
    // A byte has to be worth many operations: a slip of a thousand in either would show here.
    const auto sixteen = d.peak.contains("bf16") ? d.peak.find("bf16") : d.peak.find("fp32");
    if (sixteen != d.peak.end()) {
      const double balance = sixteen->second.base() / d.bandwidth->base();
      EXPECT_GT(balance, 2);
      EXPECT_LT(balance, 800);
    }
  }
}

// Marketing figures are of sparse matrices and twice as high; between formats dense rates go by two.
TEST(Data, PeakRatesAreDense) {
  for (const auto& d : embedded().devices()) {
    SCOPED_TRACE(d.name);
    const auto peak = [&](const char* f) { return d.peak.contains(f) ? d.peak.at(f).base() : 0; };
    if (peak("bf16") > 0 && peak("fp16") > 0) {
      EXPECT_DOUBLE_EQ(peak("bf16"), peak("fp16"));
    }
    if (peak("fp8") > 0 && peak("bf16") > 0) {
      EXPECT_LE(peak("fp8") / peak("bf16"), 2.05);
      EXPECT_GE(peak("fp8") / peak("bf16"), 0.99);
    }
    if (peak("fp4") > 0 && peak("fp8") > 0) {
      EXPECT_LE(peak("fp4") / peak("fp8"), 4.05);
    }
    if (peak("tf32") > 0 && peak("bf16") > 0) {
      EXPECT_LE(peak("tf32") / peak("bf16"), 0.51);
    }
    if (peak("int4") > 0 && peak("int8") > 0) {
      EXPECT_LE(peak("int4") / peak("int8"), 2.05);
    }
    // Board power per dense 16-bit rate: no device of before 2026 does more than 4 TFLOP/s for a watt.
    if (peak("bf16") > 0 && d.board_power > Power(0)) {
      EXPECT_LT(peak("bf16") / d.board_power.base(), 4e12);
    }
  }
  const auto dense = [](const char* device, const char* format) {
    return embedded().device(device).peak.at(format).base();
  };
  EXPECT_DOUBLE_EQ(dense("H100 SXM", "bf16"), 989e12);  // 1,979 is sparse
  EXPECT_DOUBLE_EQ(dense("A100 SXM 80GB", "bf16"), 312e12);  // 624 is sparse
  EXPECT_DOUBLE_EQ(dense("L40S", "fp8"), 733e12);  // 1,466 is sparse
  EXPECT_DOUBLE_EQ(dense("RTX 4090", "fp16"), 165.2e12);  // 330.3 with sums in fp16
  EXPECT_DOUBLE_EQ(dense("B200", "fp4"), 9000e12);
}

TEST(Data, PlacesHavePlausibleElectricity) {
  for (const auto& p : embedded().places()) {
    SCOPED_TRACE(p.code);
    expect_origin(p.origin, p.code);
    const double grams = p.carbon_intensity.value().in(units::gCO2e_per_kWh);
    EXPECT_GE(grams, 0.5);
    EXPECT_LE(grams, 1400);
    ASSERT_TRUE(p.carbon_interval) << "an average of a year is never exact";
    EXPECT_LT(p.carbon_interval->low, p.carbon_interval->high);
    if (p.water_intensity) {
      expect_origin(p.water_origin, p.code);
      EXPECT_TRUE(p.water_interval);
      EXPECT_LE(p.water_intensity->value().in(units::L_per_kWh), 60);
    }
  }
  for (const auto& r : embedded().regions()) {
    SCOPED_TRACE(r.provider + "/" + r.name);
    expect_origin(r.origin, r.name);
    EXPECT_NE(embedded().find_place(r.place), nullptr);
    if (r.pue) {
      EXPECT_LE(*r.pue, 2.5);
    }
    if (r.carbon_intensity) {
      EXPECT_LE(r.carbon_intensity->value().in(units::gCO2e_per_kWh), 1000);
    }
  }
  EXPECT_TRUE(embedded().place("").water_intensity);
}

// Counts follow from the shape: attention 2 h (heads + kv) s, three matrices of feed-forward (two
// where the note says so) for each expert with its router, and the embeddings.
TEST(Data, ParametersAgreeWithTheShape) {
  int checked = 0;
  for (const auto& m : embedded().models()) {
    SCOPED_TRACE(m.name);
    expect_origin(m.origin, m.name);
    const bool ours = m.name.starts_with("glow-");  // tiny, and of bytes
    EXPECT_GE(m.parameters, ours ? 1e5 : 1e6);
    EXPECT_LE(m.active_parameters, m.parameters);
    if (m.layers == 0) {
      EXPECT_TRUE(m.active_parameters_interval) << "a guess has an interval";
      continue;
    }
    EXPECT_FALSE(m.parameters_interval);
    EXPECT_GE(m.context, ours ? 256 : 512);
    EXPECT_GE(m.vocabulary, ours ? 257 : 1000);
    const bool special = m.kv_elements_per_token || m.note.find("shared") != std::string::npos;
    if (special) continue;
    ++checked;
    const double attention = 2.0 * m.hidden * m.head_size * (m.heads + m.kv_heads);
    const double matrices = m.note.find("two feed-forward matrices") != std::string::npos ? 2 : 3;
    const double expert = matrices * m.hidden * m.feed_forward;
    const double router = double(m.hidden) * m.experts;
    const double embedding = double(m.vocabulary) * m.hidden;
    const double outside = m.tied_embeddings.value_or(false) ? embedding : 2 * embedding;
    const double total = m.layers * (attention + expert * std::max(1, m.experts) + router) + outside;
    EXPECT_NEAR(total / m.parameters, 1, 0.02);
    // Publishers count the embeddings as active or not.
    const double active = m.layers * (attention + expert * std::max(1, m.experts_per_token) + router);
    EXPECT_GE(m.active_parameters, active * 0.98);
    EXPECT_LE(m.active_parameters, (active + outside) * 1.02);
  }
  EXPECT_GE(checked, 40);
}

}  // namespace
}  // namespace wattline::catalog
