// `serve cache-study` and `serve memory-study`: what caches would have done, offline.
#pragma once

#include <vector>

#include "kernel/capability.h"

namespace wattline::serve {

std::vector<Capability> cache_study_capabilities();

}  // namespace wattline::serve
