// The capability `ledger rebound`: what is left of an efficiency gain when use grows with it.
#pragma once

#include <optional>
#include <vector>

#include "catalog/place_options.h"
#include "kernel/capability.h"
#include "kernel/claim.h"

namespace wattline::ledger {

struct ReboundDemandOptions {
  double share = 1;
  std::optional<double> elasticity, elasticity_low, elasticity_high;
  double income_elasticity = 0, growth = 0;
};
struct RespendingOptions {
  std::optional<Money> cost;
  double respent = 1;
  std::optional<decltype(Carbon{} / Money{})> intensity;
};
struct ReboundOptions {
  double gain = 2;
  ReboundDemandOptions demand;
  std::optional<Energy> energy;
  RespendingOptions respending;
  catalog::PlaceOptions place;
};

Result rebound(const ReboundOptions&, Context&);
Capability rebound_capability();
std::vector<Claim> rebound_claims();

}  // namespace wattline::ledger
