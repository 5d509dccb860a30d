// The capability `ledger water`: litres behind the energy of machines, on site and off site, for a country
// of the catalog or a user's weather.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernel/capability.h"
#include "kernel/claim.h"
#include "kernel/quantity.h"
#include "physics/cooling_water.h"

namespace wattline::ledger {

enum class WetBulbMethod { stull, psychrometric };

struct WaterSiteOptions {
  std::string place;
  InputFile weather;
  std::optional<std::int64_t> month;  // 1..12; absent: the year
  WetBulbMethod wet_bulb = WetBulbMethod::stull;
  std::optional<double> altitude;  // metres
};
struct WaterCoolingOptions {
  physics::Cooling cooling = physics::Cooling::fixed_approach;
  std::optional<double> switch_celsius;
  std::optional<double> pue, cycles, leakage;
};
struct WaterPowerOptions {
  std::optional<WaterIntensity> off_site;
  std::vector<std::string> mix;  // "hydro=60", or the name of a place
  InputFile mix_file;
  physics::FuelSet fuels = physics::FuelSet::paper;
  physics::HydroRule hydro = physics::HydroRule::set;
  std::vector<std::string> fuel_water;  // "solar=0.05"
};
struct WaterUseOptions {
  std::optional<Energy> energy;
  std::optional<Energy> report, email;
  std::optional<EnergyPerToken> token;
  std::optional<double> scarcity;
  std::vector<std::string> compare;
};
struct WaterOptions {
  WaterSiteOptions site;
  WaterCoolingOptions cooling;
  WaterPowerOptions power;
  WaterUseOptions use;
};

const Fields<WaterOptions>& water_fields();
Result water(const WaterOptions&, Context&);
Capability water_capability();
std::vector<Claim> water_claims();  // paper 7

}  // namespace wattline::ledger
