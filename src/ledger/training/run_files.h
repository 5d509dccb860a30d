// A run that was read, written for other tools (export.h) into the files that the options name.
#pragma once

#include "catalog/catalog.h"
#include "ledger/impacts.h"
#include "ledger/training/footprint.h"
#include "ledger/training/run.h"

namespace wattline::ledger::training {

// Each whole or not at all; none where none is asked for.
void write_run_files(const TrainingReportOptions&, const TrainingRun&, const Impacts&, Footprint&,
                     const catalog::Catalog&);

}  // namespace wattline::ledger::training
