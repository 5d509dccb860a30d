// What `wattline learn` offers; command line only, in the program wattline-learn.
#pragma once

#include <vector>

#include "kernel/capability.h"

namespace wattline::learn {

Capability train_capability();
Capability eval_capability();
Capability record_capability();
Capability router_train_capability();
std::vector<Capability> capabilities();

}  // namespace wattline::learn
