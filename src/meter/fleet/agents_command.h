// `wattline meter agents`: the machines that have an agent, read together.
#pragma once

#include "kernel/capability.h"

namespace wattline::meter {

Capability agents_capability();

}  // namespace wattline::meter
