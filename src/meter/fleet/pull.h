// Asks an agent for its snapshot: one question over HTTP, certificates verified, the key in a header.
#pragma once

#include <functional>

#include "meter/fleet/agent_list.h"
#include "meter/fleet/agent_tally.h"

namespace wattline::meter {

// Error: cannot be reached, refuses, tells nonsense, `cancelled` (asked some ten times a second); names the agent's URL
// and never its key.
PulledSnapshot pull(const AgentPlace&, std::function<bool()> cancelled = {});

}  // namespace wattline::meter
