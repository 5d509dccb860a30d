// Generation mixes that a user gives: a CSV of `fuel` and `generation` (or `share`) in any one unit, and `place` where
// it holds several (docs/formats/generation-mix.md). Errors (bad_input, not_found) name the file, the row and what
// is allowed.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "catalog/catalog.h"
#include "physics/generation_mix.h"

namespace wattline::ledger {

// By code of the catalog's place; "" where the file has no column `place`.
std::map<std::string, physics::GenerationMix> read_mixes(std::string_view text, const std::string& where,
                                                         const catalog::Catalog&);

}  // namespace wattline::ledger
