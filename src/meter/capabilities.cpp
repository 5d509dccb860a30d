#include "meter/capabilities.h"

#include "meter/run.h"
#include "meter/sources.h"

namespace wattline::meter {

std::vector<Capability> capabilities() { return {run_capability(), sources_capability()}; }

}  // namespace wattline::meter
