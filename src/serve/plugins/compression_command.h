// `serve prompt-compression`: what shortening prompts for classifiers saves, and what it changes.
#pragma once

#include "kernel/capability.h"

namespace wattline::serve {

Capability compression_capability();

}  // namespace wattline::serve
