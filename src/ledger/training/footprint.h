// Carbon and water of what a training took: by the place and its year, or by the hours where a series covers them.
#pragma once

#include <optional>

#include "catalog/place_options.h"
#include "kernel/context.h"
#include "ledger/factors/hourly.h"
#include "ledger/impacts.h"
#include "ledger/training/spending.h"

namespace wattline::ledger::training {

class Footprint {
 public:
  // Error bad_input: hours asked for beside an intensity that was given.
  Footprint(const catalog::PlaceOptions&, bool hourly, const Context&);

  // `counted`: in the account of coverage that `tell` gives.
  Impacts of(const Slices&, bool counted = false);
  // "": what stands for slices without a place.
  const catalog::Grid& site_of(const RowSite& site) { return grids_.grid(site); }
  double covered() const { return hourly_ ? hourly_->covered() : 0; }  // by hours, 0..1
  bool hourly() const { return hourly_.has_value(); }
  void tell(Result&);

 private:
  Grids grids_;
  std::optional<HourlyIntensity> hourly_;
};

}  // namespace wattline::ledger::training
