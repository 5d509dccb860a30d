// Brings what agents have counted into the account: of each component the joules that no row of the same run of the
// agent holds yet, whoever wrote it (this, `meter agents --record`, the agent itself). So it may be done as often as one
// likes, and joules are never lost or counted twice while the agent runs; what was not taken when it ended is gone, and
// what somebody retracted does not come again.
#pragma once

#include "kernel/capability.h"
#include "kernel/machine_counters.h"
#include "kernel/result.h"

namespace wattline::ledger {

// Rows of kind machine; `place`: catalog code, "" where nobody says. Tells of it in notes and warnings.
void take_machines(const std::vector<MachineCounters>&, const std::string& place, const Context&, Result&);

}  // namespace wattline::ledger
