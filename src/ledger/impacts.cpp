#include "ledger/impacts.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/json.h"
#include "ledger/row.h"

namespace wattline::ledger {

catalog::Grid resolve_site(const RowSite& site, catalog::PlaceOptions rest, const catalog::Catalog& catalog) {
  if (!site.place.empty()) {
    rest.place = site.place;
    // Figures given for rows without a place are not those of another.
    rest.intensity.reset();
    rest.water_intensity.reset();
  }
  catalog::Grid grid = catalog::resolve(rest, catalog);
  if (site.pue == 0) return grid;
  constexpr const char* origin = "recorded with the rows (label pue)";
  grid.pue = Estimate<Ratio>::with_sd(Ratio(site.pue), Ratio(0), Method::declared, origin);
  std::erase_if(grid.factors, [](const FactorUse& f) { return f.id.starts_with("pue.") || f.id == "given.pue"; });
  const std::string value = shortest(site.pue);
  grid.factors.push_back({"recorded.pue." + value, "power usage effectiveness, recorded", value, origin, "", ""});
  return grid;
}

const catalog::Grid& Grids::grid(const RowSite& site) {
  if (const auto it = grids_.find(site); it != grids_.end()) return it->second;
  try {
    return grids_.emplace(site, resolve_site(site, site_, catalog_)).first->second;
  } catch (const Error& e) {
    // A row keeps the name it was recorded with; a catalog without it must not hide the whole account.
    if (e.kind() != ErrorKind::not_found || site.place.empty()) throw;
    unknown_.insert(site.place);
    catalog::PlaceOptions rest = site_;
    rest.place.clear();
    rest.intensity.reset();
    rest.water_intensity.reset();
    return grids_.emplace(site, resolve_site({"", site.pue}, rest, catalog_)).first->second;
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

void Grids::add(Impacts& out, bool first, const RowSite& site, const Estimate<Energy>& energy,
                const HourlyShare& hourly) {
  const catalog::Grid& g = grid(site);
  const auto take = [&](auto& into, auto&& part) { into = first ? part : into + part; };
  take(out.energy, energy);
  take(out.facility, g.facility_energy(energy));
  take(out.carbon, hourly.covered > 0 ? g.facility_energy(energy) * mixed(g, hourly) : g.carbon(energy));
  take(out.water, g.water(energy));
}

Impacts Grids::of(const RowSite& site, const Estimate<Energy>& energy) {
  Impacts out;
  add(out, true, site, energy);
  return out;
}

Impacts Grids::of(const EnergyBySite& sums) {
  Impacts out;
  bool first = true;
  for (const auto& [site, sum] : sums) add(out, std::exchange(first, false), site, sum.total(), sum.hourly());
  return out;
}

void Grids::tell(Result& out) const {
  const bool default_place = !site_.place.empty();
  for (const auto& [site, grid] : grids_) {
    for (const auto& factor : grid.factors) out.use(factor);
    for (const auto& warning : grid.warnings) {
      const bool placeless = (site.place.empty() && !default_place) || unknown_.contains(site.place);
      // Said below with the name of the place, or by the report with the number of rows.
      if (placeless && warning.starts_with("no place")) continue;
      if (std::find(out.warnings.begin(), out.warnings.end(), warning) == out.warnings.end()) out.warn(warning);
    }
  }
  for (const auto& place : unknown_)
    out.warn(fmt::format("the catalog has no place '{}' that rows name: the world average is taken for them", place));
}

}  // namespace wattline::ledger
