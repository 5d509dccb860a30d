#include "ledger/impacts.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"
#include "ledger/row.h"

namespace wattline::ledger {

const catalog::Grid& Grids::grid(const std::string& place) {
  if (const auto it = grids_.find(place); it != grids_.end()) return it->second;
  catalog::PlaceOptions site = site_;
  if (!place.empty()) {
    site.place = place;
    // Figures given for rows without a place are not those of another.
    site.intensity.reset();
    site.water_intensity.reset();
  }
  try {
    return grids_.emplace(place, catalog::resolve(site, catalog_)).first->second;
  } catch (const Error& e) {
    // A row keeps the name it was recorded with; a catalog without it must not hide the whole account.
    if (e.kind() != ErrorKind::not_found || place.empty()) throw;
    unknown_.insert(place);
    site.place.clear();
    return grids_.emplace(place, catalog::resolve(site, catalog_)).first->second;
  }
}

namespace {

// Hours where they are known, the year elsewhere. The hours' error is as large as the year's, relative to the value,
// and shared by all that used the same series.
Estimate<CarbonIntensity> mixed(const catalog::Grid& grid, const HourlyShare& hourly) {
  const Estimate<CarbonIntensity>& year = grid.carbon_intensity;
  const double relative = year.value().base() > 0 ? year.sd().base() / year.value().base() : 0;
  const auto hours = Estimate<CarbonIntensity>::with_sd(hourly.intensity, hourly.intensity * relative, Method::modelled,
                                                        "hourly carbon intensities of " + grid.place)
                         .from_factor("intensity.hourly." + grid.place);
  return hourly.covered >= 1 ? hours : hours * hourly.covered + year * (1 - hourly.covered);
}

}  // namespace

void Grids::add(Impacts& out, bool first, const std::string& place, const Estimate<Energy>& energy,
                const HourlyShare& hourly) {
  const catalog::Grid& g = grid(place);
  const auto take = [&](auto& into, auto&& part) { into = first ? part : into + part; };
  take(out.energy, energy);
  take(out.facility, g.facility_energy(energy));
  take(out.carbon, hourly.covered > 0 ? g.facility_energy(energy) * mixed(g, hourly) : g.carbon(energy));
  take(out.water, g.water(energy));
}

Impacts Grids::of(const std::string& place, const Estimate<Energy>& energy) {
  Impacts out;
  add(out, true, place, energy);
  return out;
}

Impacts Grids::of(const EnergyByPlace& sums) {
  Impacts out;
  bool first = true;
  for (const auto& [place, sum] : sums) add(out, std::exchange(first, false), place, sum.total(), sum.hourly());
  return out;
}

void Grids::tell(Result& out) const {
  const bool default_place = !site_.place.empty();
  for (const auto& [place, grid] : grids_) {
    for (const auto& factor : grid.factors) out.use(factor);
    for (const auto& warning : grid.warnings) {
      const bool placeless = (place.empty() && !default_place) || unknown_.contains(place);
      // Said below with the name of the place, or by the report with the number of rows.
      if (placeless && warning.starts_with("no place")) continue;
      if (std::find(out.warnings.begin(), out.warnings.end(), warning) == out.warnings.end()) out.warn(warning);
    }
  }
  for (const auto& place : unknown_)
    out.warn(fmt::format("the catalog has no place '{}' that rows name: the world average is taken for them", place));
}

}  // namespace wattline::ledger
