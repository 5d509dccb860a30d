// `wattline catalog devices|models|places|factors`: what is known, listed, and one row explained whole.
#pragma once

#include <vector>

#include "kernel/capability.h"

namespace wattline::catalog {

std::vector<Capability> capabilities();

}  // namespace wattline::catalog
