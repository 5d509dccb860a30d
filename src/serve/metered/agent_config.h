// [[agent]] and an upstream's `agent`: which machine's agent measures it, and what of that machine works for it.
#pragma once

#include <compare>
#include <string>
#include <vector>

#include "kernel/quantity.h"
#include "kernel/secret.h"

namespace wattline::serve {

class TomlTable;

// [[agent]]: where the `wattline agent` of another machine, or of this one, is asked.
struct AgentConfig {
  std::string name;
  std::string url;  // scheme, host and port
  Secret api_key;
  std::string api_key_env, api_key_file;
  std::string ca_file;  // "" is the system's store
  Duration interval{1}, timeout{5};
  std::string where;  // file:line
};

// What of a machine works for an upstream. By default all of it.
struct AgentSelection {
  std::vector<std::string> components;  // as the agent names them; empty: all that it counts
  std::string level, consumer;  // "container" and its name; both "": whoever works there
  bool idle = true;  // with what the machine draws without work, for as long as a request is under way
  friend auto operator<=>(const AgentSelection&, const AgentSelection&) = default;
};

// [upstream.agent]
struct MeteredConfig {
  std::string agent;  // name of an [[agent]]; "": none
  AgentSelection selection;
  std::string where;
};

}  // namespace wattline::serve
