#include "ledger/capabilities.h"

#include "ledger/green_algorithms.h"
#include "ledger/slurm.h"

namespace wattline::ledger {

std::vector<Capability> capabilities() { return {green_algorithms_capability(), slurm_capability()}; }

}  // namespace wattline::ledger
