// Carbon and water of recorded energy, derived when it is read: facts and the catalog of today. Nothing
// of this is stored, so that other factors give other impacts of the same facts.
//
// carbon = E * PUE * CI(place); water = E * (WUE + PUE * off-site(place)). Energy is that at the device.
// Sums keep the uncertainty of shared factors (PUE, a place's intensity, a device's power) shared.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "catalog/place_options.h"
#include "kernel/estimate.h"
#include "kernel/result.h"
#include "ledger/energy_sum.h"

namespace wattline::ledger {

struct Impacts {
  Estimate<Energy> energy;  // at the device
  Estimate<Energy> facility;  // with PUE
  Estimate<Carbon> carbon;
  Estimate<Volume> water;
};

using EnergyByPlace = std::map<std::string, EnergySum>;

// The factors of each place that rows name.
class Grids {
 public:
  // `site.place` stands for rows that name none; its PUE, WUE and intensities, where given, as there.
  Grids(const catalog::Catalog& catalog, catalog::PlaceOptions site) : catalog_(catalog), site_(std::move(site)) {}

  Impacts of(const EnergyByPlace&);
  Impacts of(const std::string& place, const Estimate<Energy>&);

  // The factors that were used, and what had to be assumed.
  void tell(Result&) const;

 private:
  const catalog::Grid& grid(const std::string& place);
  void add(Impacts&, bool first, const std::string& place, const Estimate<Energy>&);

  const catalog::Catalog& catalog_;
  catalog::PlaceOptions site_;
  std::map<std::string, catalog::Grid> grids_;
  std::set<std::string> unknown_;
};

}  // namespace wattline::ledger
