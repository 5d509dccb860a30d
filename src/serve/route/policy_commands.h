// Commands about a routing policy: is it right, what does it do with a request, how is it written in another language.
#pragma once

#include <vector>

#include "kernel/capability.h"

namespace wattline::serve {

std::vector<Capability> policy_capabilities();

}  // namespace wattline::serve
