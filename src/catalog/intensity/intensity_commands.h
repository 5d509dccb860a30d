// The capabilities `catalog intensity` (what is there, and what would be used), `catalog intensity-import` (from a
// file), `catalog intensity-fetch` and `catalog intensity-now` (from a provider).
#pragma once

#include "kernel/capability.h"

namespace wattline::catalog {

Capability intensity_capability();
Capability intensity_import_capability();
Capability intensity_fetch_capability();
Capability intensity_now_capability();

}  // namespace wattline::catalog
