// The declarations of `lm`, one a file.
#pragma once

#include "kernel/capability.h"

namespace wattline::lm {

Capability models_capability();
Capability generate_capability();
Capability evaluate_capability();
Capability export_capability();

}  // namespace wattline::lm
