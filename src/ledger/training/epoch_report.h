// What a report says of a run's epochs, and of a planned run of more of them.
#pragma once

#include "ledger/impacts.h"
#include "ledger/training/footprint.h"
#include "ledger/training/run.h"

namespace wattline::ledger::training {

// Epochs are those of marks, of a label, or equal parts. Error bad_input: marks of another time, a planned run without a
// whole epoch.
void tell_of_epochs(const TrainingReportOptions&, const TrainingRun&, const Impacts&, Footprint&, Result&);

}  // namespace wattline::ledger::training
