// Figures of papers recomputed by this room: those of paper 18 (Green Algorithms) and of each subject.
#pragma once

#include <vector>

#include "kernel/claim.h"

namespace wattline::ledger {

std::vector<Claim> claims();

}  // namespace wattline::ledger
