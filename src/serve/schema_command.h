// `serve schema`: the keys of the configuration file, for people and for editors.
#pragma once

#include "kernel/capability.h"

namespace wattline::serve {

Capability schema_capability();

}  // namespace wattline::serve
