// Figures of paper 16 (More than Carbon) recomputed by this room.
#pragma once

#include <vector>

#include "kernel/claim.h"

namespace wattline::ledger::lca {

std::vector<Claim> lca_claims();

}  // namespace wattline::ledger::lca
