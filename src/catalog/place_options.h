// Where the energy came from: the option group that every capability with carbon or water shares,
// so that --place is spelt alike everywhere, and what it resolves to.
#pragma once

#include <optional>
#include <string>

#include "catalog/catalog.h"
#include "kernel/context.h"
#include "kernel/options.h"
#include "kernel/result.h"

namespace wattline::catalog {

struct PlaceOptions {
  std::string place;  // catalog name, region ("gcp/europe-west9"), or "": the world, flagged
  std::optional<CarbonIntensity> intensity;  // overrides the place's figure
  std::optional<WaterIntensity> water_intensity;
  std::optional<double> pue;  // power usage effectiveness, >= 1
  std::optional<WaterIntensity> wue;  // on-site water per IT energy
};

const Fields<PlaceOptions>& place_fields();

// The factors a place resolves to, and what they make of energy at the device.
struct Grid {
  std::string place;  // code
  Estimate<CarbonIntensity> carbon_intensity;
  Estimate<WaterIntensity> water_intensity;  // off-site
  Estimate<WaterIntensity> wue;  // on-site
  Estimate<Ratio> pue;
  std::vector<FactorUse> factors;
  std::vector<std::string> warnings;  // "no place given: world average"

  // Facility energy = E * PUE; carbon = E * PUE * CI; water = E * (WUE + PUE * off-site).
  Estimate<Energy> facility_energy(const Estimate<Energy>& device_energy) const;
  Estimate<Carbon> carbon(const Estimate<Energy>& device_energy) const;
  Estimate<Volume> water(const Estimate<Energy>& device_energy) const;
};

Grid resolve(const PlaceOptions&, const Catalog&);
// Adds energy, carbon and water estimates, factors and warnings to the result.
void add_impacts(Result&, const Estimate<Energy>& device_energy, const Grid&);

}  // namespace wattline::catalog
