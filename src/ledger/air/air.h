// The capability `ledger air`: a data centre's carbon dioxide, what its generators put into the air, a
// screening of the plume, measures, and a region's growth.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernel/capability.h"
#include "kernel/claim.h"
#include "kernel/quantity.h"
#include "physics/generators.h"
#include "physics/plume.h"

namespace wattline::ledger {

struct AirSiteOptions {
  std::optional<Power> power;  // of the machines
  double utilisation = 1;
  std::optional<double> pue;
  std::string place;
  std::optional<CarbonIntensity> intensity, market_intensity;
  InputFile activities;
};
struct AirGeneratorOptions {
  double units = 0;
  Power rated{2e6};
  bool electrical = false;  // the rating is of the electricity, not of the shaft
  physics::Tier tier = physics::Tier::tier2;
  std::optional<double> sulphur_ppm;
  std::optional<Duration> test_time;  // a year, each; absent: the programme
  double test_load = 1, tests = 12;
  Duration outage_time{0};  // a year
  double outage_load = 1, outages = 0;
};
struct AirPermitOptions {
  std::optional<Mass> nox, co, pm, so2, voc;
  std::optional<Duration> hours;
};
struct AirPlumeOptions {
  double height = 0;  // metres; 0: no plume
  double running = 1;
  double wind = 2;
  std::string stability = "D";
  physics::Terrain terrain = physics::Terrain::urban;
  double ozone = 0;  // ug/m3
};
struct AirMeasureOptions {
  std::optional<double> to_pue;
  double renewables = 0, demand = 0;
  std::string to_tier;
  InputFile file;
};
struct AirRegionOptions {
  std::vector<std::string> load, claimed, reduction;  // GW, Mt a year, %
  double use = 1;
  double decline = 0;
  std::int64_t years = 5;
};
struct AirOptions {
  AirSiteOptions site;
  AirGeneratorOptions generators;
  AirPermitOptions permit;
  AirPlumeOptions plume;
  AirMeasureOptions measures;
  AirRegionOptions region;
};

const Fields<AirOptions>& air_fields();
Result air(const AirOptions&, Context&);
Capability air_capability();
std::vector<Claim> air_claims();  // paper 24

}  // namespace wattline::ledger
