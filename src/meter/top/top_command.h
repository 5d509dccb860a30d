// `wattline top`: the watts of this machine and whose they are, live.
#pragma once

#include "kernel/capability.h"

namespace wattline::meter {

Capability top_capability();

}  // namespace wattline::meter
