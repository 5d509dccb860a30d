// Asks an agent for its snapshot: one question over HTTP, certificates verified, the key in a header.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "meter/fleet/agent_list.h"
#include "meter/fleet/agent_tally.h"

namespace wattline::meter {

// Error: cannot be reached, refuses, tells nonsense, `cancelled` (asked some ten times a second); names the agent's URL
// and never its key.
PulledSnapshot pull(const AgentPlace&, std::function<bool()> cancelled = {});

struct Pulled {
  std::optional<PulledSnapshot> snapshot;
  std::string trouble;  // why there is none
};
// All at once: one that does not answer must not keep the others waiting.
std::vector<Pulled> pull_all(const std::vector<const AgentPlace*>&);

}  // namespace wattline::meter
