// The capabilities of the room: the account itself, then what accounts for the work of others.
#pragma once

#include <vector>

#include "kernel/capability.h"

namespace wattline::ledger {

std::vector<Capability> capabilities();

}  // namespace wattline::ledger
