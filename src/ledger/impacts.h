// Carbon and water of recorded energy, derived when it is read: facts and the catalog of today. Nothing
// of this is stored, so that other factors give other impacts of the same facts.
//
// carbon = E * PUE * CI(place); water = E * (WUE + PUE * off-site(place)). Energy is that at the device. A PUE that was
// recorded with rows (row_site.h) is theirs, whatever else is given.
// Sums keep the uncertainty of shared factors (PUE, a place's intensity, a device's power) shared.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "catalog/place_options.h"
#include "kernel/estimate.h"
#include "kernel/result.h"
#include "ledger/energy_sum.h"
#include "ledger/row_site.h"

namespace wattline::ledger {

struct Impacts {
  Estimate<Energy> energy;  // at the device
  Estimate<Energy> facility;  // with PUE
  Estimate<Carbon> carbon;
  Estimate<Volume> water;
};

// The carbon intensity of the hours in which energy was used, for the share of it that hours are known of.
struct HourlyShare {
  CarbonIntensity intensity{0};
  double covered = 0;
};

// Energy at one site, and what of it took the intensity of its hours.
class SiteEnergy {
 public:
  void add(const EnergySum& e) { energy_.add(e); }
  void add(const EnergySum& e, const HourlyShare& h) {
    energy_.add(e);
    covered_ += e.value() * h.covered;
    carbon_ += e.value() * h.covered * h.intensity.base();
  }
  Estimate<Energy> total() const { return energy_.total(); }
  // Of all of it; covered 0: the yearly figure holds.
  HourlyShare hourly() const {
    return covered_ > 0 ? HourlyShare{CarbonIntensity(carbon_ / covered_), std::min(1.0, covered_ / energy_.value())}
                        : HourlyShare{};
  }

 private:
  EnergySum energy_;
  double covered_ = 0, carbon_ = 0;  // joules; grams without PUE
};
using EnergyBySite = std::map<RowSite, SiteEnergy>;

// What rows of a site resolve to; `rest` stands for what they do not say. Error not_found: the catalog has no such place.
catalog::Grid resolve_site(const RowSite&, catalog::PlaceOptions rest, const catalog::Catalog&);

// The factors of each site that rows are of.
class Grids {
 public:
  // `site.place` stands for rows that name none; its PUE, WUE and intensities, where given, as there.
  Grids(const catalog::Catalog& catalog, catalog::PlaceOptions site) : catalog_(catalog), site_(std::move(site)) {}

  Impacts of(const EnergyBySite&);
  Impacts of(const RowSite&, const Estimate<Energy>&);

  // The yearly figure.
  const Estimate<CarbonIntensity>& intensity(const RowSite& site) { return grid(site).carbon_intensity; }

  const catalog::Grid& grid(const RowSite&);

  // The factors that were used, and what had to be assumed.
  void tell(Result&) const;

 private:
  void add(Impacts&, bool first, const RowSite&, const Estimate<Energy>&, const HourlyShare& = {});

  const catalog::Catalog& catalog_;
  catalog::PlaceOptions site_;
  std::map<RowSite, catalog::Grid> grids_;
  std::set<std::string> unknown_;
};

}  // namespace wattline::ledger
