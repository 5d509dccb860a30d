// What `text` offers to users.
#pragma once

#include <vector>

#include "kernel/capability.h"

namespace wattline::text {

std::vector<Capability> capabilities();

}  // namespace wattline::text
