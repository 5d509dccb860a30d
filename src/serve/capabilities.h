// What `serve` offers on the command line: the gateway itself, a check of its configuration, a workload.
#pragma once

#include <vector>

#include "kernel/capability.h"

namespace wattline::serve {

std::vector<Capability> capabilities();

}  // namespace wattline::serve
