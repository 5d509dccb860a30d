// A snapshot as a result for people and scripts: components, whose work it was, what is not known.
#pragma once

#include "kernel/result.h"
#include "meter/monitor/snapshot.h"

namespace wattline::meter {

// Tables agent.components.v1 and agent.consumers.v1 (the hungriest of each level).
Result snapshot_report(const Snapshot&, std::string title);

}  // namespace wattline::meter
