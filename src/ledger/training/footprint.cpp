#include "ledger/training/footprint.h"

#include "kernel/error.h"

namespace wattline::ledger::training {

Footprint::Footprint(const catalog::PlaceOptions& place, bool hourly, const Context& context)
    : grids_(context.get<catalog::Catalog>(), place) {
  if (!hourly) return;
  if (place.intensity)
    throw bad_input("the intensity is given, and the one of the hours is asked for", "hourly",
                    "leave --hourly or --intensity out");
  hourly_.emplace(context.get<catalog::Catalog>(), catalog::IntensityStore(catalog::intensity_dir(context)),
                  place.place);
}

Impacts Footprint::of(const Slices& slices, bool counted) {
  EnergyBySite sites;
  for (const auto& s : slices) {
    EnergySum energy;
    energy.add(s.energy);
    if (!hourly_) {
      sites[s.site].add(energy);
      continue;
    }
    Subtotal t;
    t.like.fact.place = s.site.place;
    t.first_begin = s.begin;
    t.last_end = s.end;
    t.rows = 1;
    t.energy = energy;
    sites[s.site].add(energy, hourly_->of(t, counted));
  }
  return grids_.of(sites);
}

void Footprint::tell(Result& out) {
  if (hourly_) hourly_->tell(out, grids_);
  grids_.tell(out);
}

}  // namespace wattline::ledger::training
