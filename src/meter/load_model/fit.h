// `wattline meter fit`: a curve of power by load for this processor, as a row of the catalog.
#pragma once

#include "kernel/capability.h"

namespace wattline::meter {

Capability fit_capability();

}  // namespace wattline::meter
