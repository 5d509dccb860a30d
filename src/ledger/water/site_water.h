// From options to litres per kWh: the weather of a site through its cooling, and its electricity.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "catalog/water.h"
#include "kernel/estimate.h"
#include "kernel/result.h"
#include "ledger/water/water.h"

namespace wattline::ledger {

// A month or an hour of the day; means weighted by the load of the machines.
struct WaterPeriod {
  double weight = 0;  // hours times load; 0: no data
  double dry_celsius = 0, wet_celsius = 0;  // NaN where unknown
  double on_site = 0;  // L per kWh of the machines
  double clamped = 0;  // share of the weight
};

struct SiteWater {
  std::string name;  // "Zambia", "Davis Monthan Afb, AZ, USA"
  std::string climate;  // "" where unknown
  std::string basis;  // what the weather is: "monthly means, 2022-08 to 2023-08"
  const catalog::WaterCountry* country = nullptr;
  std::array<WaterPeriod, 12> months;
  std::vector<WaterPeriod> hours;  // 24, or none
  WaterPeriod all;
  double peak = 0;  // of the worst hour (of a file), else NaN
  std::string peak_when;
  std::vector<std::string> warnings;

  // The same weather through each technology, in the order of physics::Cooling.
  std::array<double, 5> by_cooling{};
};

// The curves with the user's switch temperature.
physics::CoolingWater cooling_of(const WaterCoolingOptions&, const catalog::Catalog&);

SiteWater site_of_country(const catalog::WaterCountry&, const WaterOptions&, const physics::CoolingWater&);
// Reads the weather file. Error: see physics/weather.h; a technology that needs what the file lacks.
SiteWater site_of_file(const WaterOptions&, const physics::CoolingWater&);

struct OffSite {
  Estimate<WaterIntensity> water;  // per electricity
  std::string basis;
  std::vector<FactorUse> factors;
  std::vector<std::string> warnings;
  std::optional<physics::GenerationMix> mix;  // where the figure is made of one
};
// --off-site, --mix, --mix-file, the country's row, or the mix of the place; null where nothing is known.
std::optional<OffSite> off_site_of(const WaterOptions&, const catalog::WaterCountry*, const catalog::WaterTables&,
                                   const catalog::Catalog&);

// "hydro=60", "gas=40" as numbers by name. Error bad_input at `where`.
std::map<std::string, double> named_numbers(const std::vector<std::string>& words, const std::string& where);

// A figure with the catalog's spread (times either way), shared by all that use it.
Estimate<WaterIntensity> with_spread(double litres_per_kwh, const char* factor, const std::string& source,
                                     const catalog::Catalog&);

}  // namespace wattline::ledger
