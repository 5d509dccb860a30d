// The capability `ledger emulate`: the same job through the formulas of the field's tools.
#pragma once

#include "kernel/capability.h"
#include "ledger/emulate/tools.h"

namespace wattline::ledger {

Result emulate(const EmulateOptions&, Context&);
Capability emulate_capability();

}  // namespace wattline::ledger
