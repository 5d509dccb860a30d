// The counters of a list of agents, for rooms that must not know how they are asked.
#pragma once

#include <memory>

#include "kernel/machine_counters.h"

namespace wattline::meter {

std::shared_ptr<MachineReader> machine_reader();

}  // namespace wattline::meter
