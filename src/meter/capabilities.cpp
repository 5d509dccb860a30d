#include "meter/capabilities.h"

namespace wattline::meter {

std::vector<Capability> capabilities() { return {}; }

}  // namespace wattline::meter
