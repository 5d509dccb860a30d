// `wattline meter processes`: whose joules they are, now.
#pragma once

#include "kernel/capability.h"
#include "meter/monitor/snapshot.h"

namespace wattline::meter {

Capability processes_capability();

// The consumers of a level with what is idle, what is nobody's and the total, which is their sum. At most `most` by name
// (with `by_name` those of one name together), the others in one row.
Table consumers_table(const Snapshot&, Level, std::size_t most, bool by_name);

}  // namespace wattline::meter
