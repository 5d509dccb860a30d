// The capabilities `catalog intensity` (what is there, and what would be used) and `catalog intensity-import`.
#pragma once

#include "kernel/capability.h"

namespace wattline::catalog {

Capability intensity_capability();
Capability intensity_import_capability();

}  // namespace wattline::catalog
