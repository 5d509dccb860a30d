// What the program says about itself: the papers and their claims, and the reference docs.
#pragma once

#include <vector>

#include "kernel/capability.h"

namespace wattline::app {

std::vector<Capability> capabilities();

}  // namespace wattline::app
