// The declarations of `text`, one a file.
#pragma once

#include "kernel/capability.h"

namespace wattline::text {

Capability encode_capability();
Capability compare_capability();
Capability language_capability();
Capability classify_capability();
Capability train_capability();

}  // namespace wattline::text
