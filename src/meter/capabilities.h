// What `meter` offers on the command line.
#pragma once

#include <vector>

#include "kernel/capability.h"

namespace wattline::meter {

std::vector<Capability> capabilities();

}  // namespace wattline::meter
