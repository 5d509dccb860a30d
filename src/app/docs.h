// The reference pages, written from the declarations; a test fails when docs/ is stale.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "kernel/capability.h"

namespace wattline::app {

// (path below docs/, content) of every generated page.
std::vector<std::pair<std::string, std::string>> reference_pages(Context&);
Capability docs_capability();  // wattline program docs --out docs

}  // namespace wattline::app
