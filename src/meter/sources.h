// `wattline meter sources`: what this machine can be measured with.
#pragma once

#include "kernel/capability.h"

namespace wattline::meter {

Capability sources_capability();

}  // namespace wattline::meter
