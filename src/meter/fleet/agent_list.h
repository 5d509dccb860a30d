// Which agents to read: a TOML file with a table [[agent]] for each. docs/formats/agents.md
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/quantity.h"
#include "kernel/secret.h"

namespace wattline::meter {

struct AgentPlace {
  std::string name;  // the URL's host where none is given
  std::string url;  // "https://node7:9460", without a path
  Secret key;
  std::string ca;  // certificates to trust (PEM); "": the system's
  Duration timeout{5};
};

// Error: not TOML, no agent, an unknown or missing key, two of a name; a key that would go to another machine over
// plain http. Names the line. No message holds a key.
std::vector<AgentPlace> parse_agents(std::string_view toml, const std::string& where);

}  // namespace wattline::meter
