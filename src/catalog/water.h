// What is known of water by country: months of weather and of cooling towers, water behind the
// electricity, leakage of the supply; and hours that were published whole. Rows of
// data/water_*.csv (docs/formats/catalog.md); a file of the override folder replaces ours whole.
//
// Units: °C, % of humidity, °F of wet bulb (as the dataset has it), L/kWh of the machines (towers) and of
// electricity (off site). Errors: bad_input with file:row for a file that cannot be used.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/generation.h"

namespace wattline::catalog {

struct WaterMonth {
  double celsius = 0, humidity = 0, wet_bulb_fahrenheit = 0;
  double fixed_approach = 0, fixed_cold_water = 0;  // means of the month's hours, L/kWh
};
struct WaterCountry {
  std::string code, name, climate;  // "KE", "Kenya", "Savanna"
  std::vector<std::string> aliases;
  double off_site = 0;  // L/kWh
  double leakage = 0;  // share of the municipal supply, 0..1
  std::string from, to;  // months of the data, "2022-08"
  std::string source, licence, note;
  std::array<WaterMonth, 12> months;
};
// An hour as the dataset's page shows it.
struct WaterSample {
  std::string city, country;
  double celsius = 0, humidity = 0;
  std::string wet_bulb_fahrenheit, fixed_approach, fixed_cold_water;  // as printed
};

class WaterTables {
 public:
  static std::shared_ptr<const WaterTables> load(const Catalog&);

  const std::vector<WaterCountry>& countries() const { return countries_; }
  const std::vector<WaterSample>& samples() const { return samples_; }
  // By code, name, alias, or any spelling that the catalog's places know; null: no data.
  const WaterCountry* find(std::string_view name, const Catalog&) const;
  const GenerationRow* find_mix(std::string_view name, const Catalog&) const;
  // Climates of the paper's summary, as factors "water.climate.NAME.*" spell them.
  static std::vector<std::string> climates(const Catalog&);

 private:
  std::vector<WaterCountry> countries_;
  std::shared_ptr<const GenerationMixes> mixes_;
  std::vector<WaterSample> samples_;
};

}  // namespace wattline::catalog
