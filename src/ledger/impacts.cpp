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

void Grids::add(Impacts& out, bool first, const std::string& place, const Estimate<Energy>& energy) {
  const catalog::Grid& g = grid(place);
  const auto take = [&](auto& into, auto&& part) { into = first ? part : into + part; };
  take(out.energy, energy);
  take(out.facility, g.facility_energy(energy));
  take(out.carbon, g.carbon(energy));
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
  for (const auto& [place, sum] : sums) add(out, std::exchange(first, false), place, sum.total());
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
