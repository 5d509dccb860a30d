// The place of an answer as clients see it. Where nobody said where a machine stands its place is empty, so that
// the ledger can be told later; the figures shown meanwhile are the world's, and say so.
#pragma once

#include <string_view>

namespace wattline::serve {

inline std::string_view place_shown(std::string_view place) { return place.empty() ? "WORLD" : place; }

}  // namespace wattline::serve
