// Jobs of a Slurm log as facts of the account.
#pragma once

#include "kernel/account.h"
#include "ledger/slurm_tally.h"

namespace wattline::ledger {

// Energy at the device, without PUE; the PUE that was given is kept with it (row_site.h). The uid holds the time of
// submission as the log has it, so that another zone names no other job.
Fact slurm_fact(const SlurmJob&, const SlurmSetup&);

// All finished jobs with a time, or none. Error bad_input where the log has nothing that could be recorded.
void record_jobs(const SlurmOptions&, const SlurmSetup&, const SlurmTally&, const Context&, Result&);

}  // namespace wattline::ledger
