// The agent's loop: reads at its interval, publishes at its resolution, and lets others fetch or be sent what was
// published. Nothing that is asked of it reaches the loop.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>

#include "kernel/account.h"
#include "meter/agent/agent_options.h"
#include "meter/agent/shelf.h"

namespace wattline::meter {

// What is read: a monitor's calls, so that tests can do without a machine.
struct Watch {
  std::function<void()> tick;
  std::function<Snapshot()> snapshot;
  std::function<Estimate<Energy>(Duration cpu_time)> own_energy;
  std::function<void(Duration)> change_interval;  // of the ticks; may be empty
};

struct AgentParts {
  std::shared_ptr<AccountSink> account;  // may be null
  std::function<void(std::string_view)> log;
  std::function<bool()> reload;  // whether to read the settings again; may be empty
  std::function<AgentSettings()> read_settings;
  // Called when all is open and listening, before anything from outside is read.
  std::function<void()> give_up_rights;
  std::function<void(const DoorAddress&)> ready;
};

// Until `stop`; the last publication. Error world: the address is taken.
PublishedPtr run_agent(AgentSettings, Watch, AgentParts, std::stop_token stop);

// Of this process: CPU time and resident memory.
AgentUse agent_use(const Watch&);
// Unlike that of any other run of an agent.
std::string new_instance();

}  // namespace wattline::meter
