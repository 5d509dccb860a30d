// `wattline run`: meters a command.
#pragma once

#include "kernel/capability.h"

namespace wattline::meter {

Capability run_capability();

}  // namespace wattline::meter
