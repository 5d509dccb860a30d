// What `ledger slurm` shows of a log: totals, the jobs that took the most, a figure, lines that could not be read.
#pragma once

#include "kernel/account.h"
#include "kernel/figure.h"
#include "kernel/table.h"
#include "ledger/slurm_tally.h"

namespace wattline::ledger {

Table slurm_totals_table(const SlurmTally&, const SlurmSetup&);
Figure slurm_figure(const std::string& grouping, const std::map<std::string, SlurmSum>& groups, const SlurmFactors&);
// At most `--jobs` of them.
Table slurm_jobs_table(const SlurmTally&, const SlurmSetup&, const SlurmOptions&);
// `run.records.v1` of the same jobs; energies at the device.
Table slurm_runs_table(const SlurmTally&, const SlurmSetup&, const SlurmOptions&);
// How many jobs the options ask for.
std::int64_t most_jobs(const SlurmOptions&);
Table slurm_faults_table(const SacctFaults&);

}  // namespace wattline::ledger
