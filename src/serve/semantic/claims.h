// Figures of papers that the gateway's caches can answer: row 6 of the list of papers.
#pragma once

#include <vector>

#include "kernel/claim.h"

namespace wattline::serve {

std::vector<Claim> cache_claims();

}  // namespace wattline::serve
