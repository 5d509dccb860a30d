// What a machine drew for an upstream between two publications of its agent. Pure.
//
// Of each domain: work = energy - idle. An upstream's part of the work is
//   all of it;
//   of named components: their energy without their part of the domain's idle, which is even among its components;
//   of a named consumer: the active joules that the agent gives it (several of a name are added up).
// Its part of the idle energy goes with its part of the work, or with its components. Of a domain of which the agent
// tells no idle part (a sensor of fans, a board) all is idle: no work is seen in it.
#pragma once

#include <string>

#include "meter/agent/publisher.h"
#include "serve/metered/agent_config.h"

namespace wattline::serve {

struct AgentPart {
  double work = 0, idle = 0;  // J
  double spread = 0;  // standard uncertainty of both, relative
  bool measured = true;  // by counters alone
  std::string trouble;  // why nothing is known of this time; "" it is
};

// `before`: the publication before, of the same run of the agent; null: since that run began.
AgentPart part_between(const meter::Published* before, const meter::Published& now, const AgentSelection&);

}  // namespace wattline::serve
