// Asks an agent for its snapshot: one question over HTTP, certificates verified, the key in a header.
#pragma once

#include "meter/fleet/agent_list.h"
#include "meter/fleet/agent_tally.h"

namespace wattline::meter {

// Error: cannot be reached, refuses, tells nonsense; names the agent's URL and never its key.
PulledSnapshot pull(const AgentPlace&);

}  // namespace wattline::meter
