#include "meter/capabilities.h"

#include "meter/agent/agent_command.h"
#include "meter/fleet/agents_command.h"
#include "meter/load_model/fit.h"
#include "meter/monitor/processes.h"
#include "meter/run.h"
#include "meter/sources.h"
#include "meter/top/top_command.h"
#include "meter/traces/align.h"
#include "meter/traces/integrate.h"
#include "meter/traces/record.h"
#include "meter/traces/replay.h"

namespace wattline::meter {

std::vector<Capability> capabilities() {
  std::vector<Capability> out;
  out.reserve(11);
  for (const auto make :
       {run_capability, agent_capability, top_capability, sources_capability, processes_capability, agents_capability,
        record_capability, replay_capability, integrate_capability, align_capability, fit_capability})
    out.push_back(make());
  return out;
}

}  // namespace wattline::meter
