// Figures of paper 18 (Green Algorithms) recomputed by this room.
#pragma once

#include <vector>

#include "kernel/claim.h"

namespace wattline::ledger {

std::vector<Claim> claims();

}  // namespace wattline::ledger
