// `wattline agent`: this machine's energy for Prometheus, OpenTelemetry, the account, and other machines.
#pragma once

#include "kernel/capability.h"

namespace wattline::meter {

Capability agent_capability();

}  // namespace wattline::meter
