// What `device` offers: predictions of work on real devices.
#pragma once

#include <vector>

#include "kernel/capability.h"

namespace wattline::device {

std::vector<Capability> capabilities();

}  // namespace wattline::device
