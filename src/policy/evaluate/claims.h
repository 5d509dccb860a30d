// Figures of papers that choosing between models can answer: rows 38 and 1 of the list of papers.
#pragma once

#include <vector>

#include "kernel/claim.h"

namespace wattline::policy {

std::vector<Claim> evaluation_claims();

}  // namespace wattline::policy
