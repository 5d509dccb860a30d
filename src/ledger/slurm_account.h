// Sums over jobs, in total and by group, kept by cause so that what is shared (design power, memory
// power, PUE, carbon intensity) stays shared in the uncertainty of every sum.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "kernel/estimate.h"
#include "kernel/table.h"
#include "ledger/slurm_jobs.h"

namespace wattline::ledger {

struct SlurmSum {
  std::int64_t jobs = 0, failed = 0;
  double core_hours = 0, gpu_hours = 0;
  double core_kwh = 0, gpu_kwh = 0, memory_kwh = 0;  // without PUE
  double failed_kwh = 0, needed_kwh = 0;  // with cores and GPUs; needed: memory as needed
  std::int64_t measured_jobs = 0;
  double measured_kwh = 0, modelled_of_measured_kwh = 0;  // Slurm's counters, and the model for the same jobs
  std::vector<float> overallocation;  // of jobs whose memory is known

  void add(const SlurmJob&, const SlurmUse&);
  double it_kwh() const { return core_kwh + gpu_kwh + memory_kwh; }
  double median_overallocation();  // NaN without any
};

// One kWh by each cause with its spread, and what the site makes of it.
struct SlurmFactors {
  Estimate<Ratio> core, gpu, memory, pue;
  Estimate<CarbonIntensity> intensity;

  Estimate<Energy> device_energy(const SlurmSum&) const;
  Estimate<Energy> energy(const SlurmSum& s) const { return device_energy(s) * pue; }
  Estimate<Carbon> carbon(const SlurmSum& s) const { return energy(s) * intensity; }
};

// "user", "account", "partition", "state", "month", "day", "array", "name": the job's key.
const std::vector<std::string>& slurm_groupings();
std::string slurm_key(const SlurmJob&, const std::string& grouping);

Table slurm_group_table(const std::string& grouping, std::map<std::string, SlurmSum>& groups, const SlurmFactors&,
                        std::optional<double> price);

}  // namespace wattline::ledger
