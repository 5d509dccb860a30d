#include "catalog/water.h"

#include <algorithm>

#include <fmt/format.h>

#include "catalog/data_file.h"
#include "kernel/error.h"
#include "kernel/units.h"

namespace wattline::catalog {
namespace {

std::string plain(std::string_view s) { return std::string(s); }

template <class Row>
const Row* by_name(const std::vector<Row>& rows, const std::vector<std::string>& spellings) {
  for (const auto& spelling : spellings) {
    const std::string key = name_key(spelling);
    if (key.empty()) continue;
    for (const auto& row : rows) {
      if (name_key(row.code) == key || name_key(row.name) == key) return &row;
      if constexpr (requires { row.aliases; })
        for (const auto& alias : row.aliases)
          if (name_key(alias) == key) return &row;
    }
  }
  return nullptr;
}

void read_months(std::vector<WaterCountry>& countries, const Catalog& catalog) {
  const DataFile file("water_months.csv", catalog.file("water_months.csv"), {"country", "month"}, plain);
  std::map<std::string, int> seen;
  for (const auto& row : file.rows()) {
    const std::string& code = row.required("country");
    const auto country =
        std::find_if(countries.begin(), countries.end(), [&](const auto& c) { return c.code == code; });
    if (country == countries.end()) row.fail("country", fmt::format("'{}' is not in water_countries.csv", code));
    const int month = row.integer("month");
    if (month < 1 || month > 12) row.fail("month", fmt::format("'{}' found; 1 to 12 is allowed", row.text("month")));
    WaterMonth& m = country->months[static_cast<std::size_t>(month - 1)];
    m.celsius = row.required_number("temperature_c", -90);
    m.humidity = row.required_number("humidity_percent");
    m.wet_bulb_fahrenheit = row.required_number("wet_bulb_f", -130);
    const double per_kwh = units::L_per_kWh.base();
    m.fixed_approach = row.required_number("fixed_approach") / per_kwh;
    m.fixed_cold_water = row.required_number("fixed_cold_water") / per_kwh;
    ++seen[code];
  }
  for (const auto& c : countries)
    if (seen[c.code] != 12)
      throw bad_input(fmt::format("{} months of {}; all 12 are needed", seen[c.code], c.name), "water_months.csv");
}

}  // namespace

std::shared_ptr<const WaterTables> WaterTables::load(const Catalog& catalog) {
  auto out = std::make_shared<WaterTables>();
  std::map<std::string, SourceText> sources;
  const auto source = [&](const std::string& id) -> const SourceText& {
    const auto it = sources.find(id);
    return it != sources.end() ? it->second : sources.emplace(id, source_text(id, catalog)).first->second;
  };
  const DataFile countries("water_countries.csv", catalog.file("water_countries.csv"), {"code"}, plain);
  for (const auto& row : countries.rows()) {
    WaterCountry c;
    c.code = row.required("code");
    c.name = row.required("name");
    c.aliases = row.list("aliases");
    c.climate = row.required("climate");
    c.off_site = row.required_number("off_site") / units::L_per_kWh.base();
    c.leakage = row.required_number("leakage");
    if (c.leakage >= 1) row.fail("leakage", fmt::format("'{}' found; a share below 1 is allowed", row.text("leakage")));
    c.from = row.text("from");
    c.to = row.text("to");
    const SourceText& s = source(row.required("source"));
    c.source = s.title;
    c.licence = s.licence;
    c.note = row.text("note");
    out->countries_.push_back(std::move(c));
  }
  read_months(out->countries_, catalog);

  out->mixes_ = GenerationMixes::load(catalog);

  const DataFile samples("water_samples.csv", catalog.file("water_samples.csv"), {"city"}, plain);
  for (const auto& row : samples.rows())
    out->samples_.push_back({row.required("city"), row.required("country"), row.required_number("temperature_c", -90),
                             row.required_number("humidity_percent"), row.required("wet_bulb_f"),
                             row.required("fixed_approach"), row.required("fixed_cold_water")});
  return out;
}

const WaterCountry* WaterTables::find(std::string_view name, const Catalog& catalog) const {
  return by_name(countries_, place_spellings(name, catalog));
}
const GenerationRow* WaterTables::find_mix(std::string_view name, const Catalog& catalog) const {
  return mixes_->find(name, catalog);
}

std::vector<std::string> WaterTables::climates(const Catalog& catalog) {
  static constexpr std::string_view prefix = "water.climate.", suffix = ".off_site";
  std::vector<std::string> out;
  for (const auto& f : catalog.factors())
    if (f.id.starts_with(prefix) && f.id.ends_with(suffix))
      out.push_back(f.id.substr(prefix.size(), f.id.size() - prefix.size() - suffix.size()));
  return out;
}

}  // namespace wattline::catalog
