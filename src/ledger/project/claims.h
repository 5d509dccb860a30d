// Figures of paper 5 (Desroches et al., arXiv 2501.14334), recomputed from the catalog.
#pragma once

#include <vector>

#include "kernel/claim.h"

namespace wattline::ledger {

std::vector<Claim> portfolio_claims();

}  // namespace wattline::ledger
