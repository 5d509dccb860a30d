// The source of last resort, always there: energy from CPU time and the catalog, without any counter.
#pragma once

#include <vector>

#include "kernel/estimate.h"
#include "kernel/result.h"
#include "meter/host.h"

namespace wattline::meter {

struct ModelledEnergy {
  Estimate<Energy> cpu;
  Estimate<Energy> memory;
  std::vector<FactorUse> factors;
};

// Of work that used `cpu_time` within `duration` and held so much memory (its share of what the modules
// draw, used or not, is not charged). Always `modelled`.
ModelledEnergy modelled_energy(const HostModel&, const catalog::Catalog&, Duration cpu_time, Duration duration,
                               Bytes memory);

}  // namespace wattline::meter
