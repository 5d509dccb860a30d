// What `lm` offers on the command line and over HTTP.
#pragma once

#include <vector>

#include "kernel/capability.h"

namespace wattline::lm {

std::vector<Capability> capabilities();

}  // namespace wattline::lm
