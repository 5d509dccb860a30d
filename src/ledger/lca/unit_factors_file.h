// A user's own unit factors (of a licensed database, say): a CSV with the columns component, category and
// value, per kg, cm2, effective mm2 of Murphy's yield, or package as `quantity_unit` has it. They replace
// ours for the parts and categories they name. Layout: docs/formats/lca-factors.md.
// Errors: bad_input with file:row for unknown components or categories, doubles, and values that are no
// number of 0 or more.
#pragma once

#include <string_view>
#include <vector>

#include "ledger/lca/data.h"

namespace wattline::ledger::lca {

struct GivenFactor {
  Part part = casing;
  std::size_t category = 0;
  double value = 0;
};
std::vector<GivenFactor> read_unit_factors(std::string_view content, std::string_view where, const Data&);

}  // namespace wattline::ledger::lca
