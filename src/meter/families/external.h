// Meters that the configuration names (external_config.h): plugs, power supplies, management controllers, logs.
#pragma once

#include "meter/source.h"

namespace wattline::meter {

// All are asked at once. Error where the configuration is wrong.
Found find_external(const Roots&);

}  // namespace wattline::meter
