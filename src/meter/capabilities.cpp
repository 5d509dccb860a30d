#include "meter/capabilities.h"

#include "meter/agent/agent_command.h"
#include "meter/fleet/agents_command.h"
#include "meter/monitor/processes.h"
#include "meter/run.h"
#include "meter/sources.h"
#include "meter/top/top_command.h"

namespace wattline::meter {

std::vector<Capability> capabilities() {
  return {run_capability(),     agent_capability(),     top_capability(),
          sources_capability(), processes_capability(), agents_capability()};
}

}  // namespace wattline::meter
