// The reference pages, written from the declarations; a test fails when docs/ is stale.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/rooms.h"
#include "kernel/capability.h"

namespace wattline::app {

// (path below docs/, content) of every generated page of these rooms; `index` names their list
// ("reference/README.md"). The page of the papers belongs to the rooms of `wattline` itself.
std::vector<std::pair<std::string, std::string>> reference_pages(Context&, const Rooms&, const std::string& index);

inline constexpr const char* reference_index = "reference/README.md";

// `wattline program docs --out docs`; a program with other rooms has its own, as `room` docs.
Capability docs_capability(std::string room, const Rooms& (*rooms)(), std::string index);

}  // namespace wattline::app
