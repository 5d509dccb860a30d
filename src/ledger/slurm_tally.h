// A Slurm log read and added up: its jobs, their sums, and what was odd about them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "kernel/context.h"
#include "kernel/result.h"
#include "ledger/sacct.h"
#include "ledger/slurm_setup.h"

namespace wattline::ledger {

struct SlurmTally {
  explicit SlurmTally(SlurmJobOptions options) : jobs(std::move(options)) {}
  SlurmJobs jobs;
  SacctFaults faults;
  SlurmSum total;  // of jobs that ended
  std::vector<std::map<std::string, SlurmSum>> groups;  // by SlurmSetup::by
  std::map<std::string, std::uint64_t> unknown_partitions;  // jobs
  bool fallback_used[2] = {};  // cores, GPUs
  std::uint64_t unfinished = 0, undated = 0, clamped = 0, memory_unknown = 0, gpu_on_cpu = 0, no_parent = 0,
                no_state = 0, no_rss = 0;  // jobs; undated: of those that ended
};

SlurmTally slurm_tally(const SlurmOptions&, const SlurmSetup&, const Context&);
// What was left out, taken as something else, or assumed.
void tell_of_oddities(const SlurmTally&, const SlurmSetup&, Result&);

// Jobs as a log has them: neither when it was submitted nor when it began is known.
inline bool is_undated(const SlurmJob& job) { return !job.submit && !job.start; }

}  // namespace wattline::ledger
