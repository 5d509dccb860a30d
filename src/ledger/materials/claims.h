// Figures of paper 41 (From FLOPs to Footprints) recomputed by this room.
#pragma once

#include <vector>

#include "kernel/claim.h"

namespace wattline::ledger::materials {

std::vector<Claim> materials_claims();

}  // namespace wattline::ledger::materials
