#include "meter/capabilities.h"

#include "meter/monitor/processes.h"
#include "meter/run.h"
#include "meter/sources.h"

namespace wattline::meter {

std::vector<Capability> capabilities() { return {run_capability(), sources_capability(), processes_capability()}; }

}  // namespace wattline::meter
