// What a monitor saw, as a result of a command: the end of `wattline agent`, and `--once`.
#pragma once

#include "kernel/result.h"
#include "meter/monitor/snapshot.h"

namespace wattline::meter {

// Of each level the `most` hungriest consumers are named and the others are one row, so that each level adds up. What
// was not read in all the time has no figure, and a warning says why.
Result snapshot_report(const Snapshot&, std::string title, std::size_t most);

}  // namespace wattline::meter
