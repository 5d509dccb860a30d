#include "catalog/capabilities.h"

namespace wattline::catalog {

std::vector<Capability> capabilities() { return {}; }

}  // namespace wattline::catalog
