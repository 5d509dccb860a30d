// `wattline meter record`: the machine's sources of power into a file, with the load of its processors.
#pragma once

#include "kernel/capability.h"

namespace wattline::meter {

Capability record_capability();

}  // namespace wattline::meter
