#include "ledger/impacts.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"
#include "ledger/row.h"

namespace wattline::ledger {

void EnergySum::add(const Estimate<Energy>& e) {
  const RawEstimate& raw = e.raw();
  value_ += raw.value();
  const double sd = raw.independent_sd();
  independent_variance_ += sd * sd;
  for (const auto& [factor, s] : raw.by_factor()) by_factor_[factor] += s;
  for (const auto& source : raw.sources()) sources_.insert(source);
  method_ = std::max(method_, raw.method());
  signed_ = signed_ || raw.can_be_negative();
}

void EnergySum::add(const EnergySum& o) {
  value_ += o.value_;
  independent_variance_ += o.independent_variance_;
  for (const auto& [factor, s] : o.by_factor_) by_factor_[factor] += s;
  sources_.insert(o.sources_.begin(), o.sources_.end());
  method_ = std::max(method_, o.method_);
  signed_ = signed_ || o.signed_;
}

Estimate<Energy> EnergySum::total() const {
  return Estimate<Energy>(restore(value_, std::sqrt(independent_variance_), by_factor_, method_,
                                  {sources_.begin(), sources_.end()}, signed_));
}

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
