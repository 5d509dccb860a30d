// `study run`: executes a plan of `study design` under the meter. Of the room `study` to users, and here because it runs
// and meters commands.
#pragma once

#include <vector>

#include "kernel/capability.h"

namespace wattline::meter {

std::vector<Capability> experiment_capabilities();

}  // namespace wattline::meter
