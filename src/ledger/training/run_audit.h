// The audit (audit.h) of a run that was read, and of what is claimed of it.
#pragma once

#include "catalog/catalog.h"
#include "ledger/impacts.h"
#include "ledger/training/run.h"

namespace wattline::ledger::training {

// The table, and the verdict on the claims, where there are any.
void audit_run(const ClaimedOptions&, const TrainingRun&, const Impacts&, const catalog::Catalog&, Result&);

}  // namespace wattline::ledger::training
