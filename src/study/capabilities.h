#pragma once

#include <vector>

#include "kernel/capability.h"

namespace wattline::study {

std::vector<Capability> capabilities();

}  // namespace wattline::study
