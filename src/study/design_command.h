// `study design`: a plan of runs from factors and levels.
#pragma once

#include "kernel/capability.h"

namespace wattline::study {

Capability design_capability();

}  // namespace wattline::study
