// Jobs from the rows of a Slurm log, and what each cost: steps merged, traps of the format undone,
// energy by the Green Algorithms formula (GreenAlgorithms4HPC, Lannelongue et al. 2021).
//
// Units: s, GB, W, kWh. Never throws on what a log may hold; oddities are counted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ledger/sacct.h"
#include "ledger/slurm_cluster.h"

namespace wattline::ledger {

enum class JobOutcome { failed, succeeded, unfinished };

struct SlurmJob {
  std::string id, name, user, account, partition, state;
  std::optional<Time> submit, start, submit_as_written;
  double elapsed = 0, total_cpu = 0, cpu_time = 0;  // s
  std::int64_t nodes = 0, cpus = 0;
  double gpus = 0;
  std::optional<double> requested_gb, used_gb;
  double joules = 0;  // by Slurm's energy counters, the most of all lines (steps overlap); 0: not measured
  int flag = 2;  // least over parent and steps: 1 success, 0 failed, -1 unfinished; 2: no state yet
  bool has_parent = false;

  JobOutcome outcome() const {
    return flag < 0 ? JobOutcome::unfinished : flag == 0 ? JobOutcome::failed : JobOutcome::succeeded;
  }
};

struct SlurmJobOptions {
  std::vector<std::string> success_states;  // besides COMPLETED
  char rss_unit = 'K';
};

// Gathers rows into jobs by the id before the first '.'. A second parent row of the same id with
// another submission is another run of it (requeued, or ids begun anew).
class SlurmJobs {
 public:
  explicit SlurmJobs(SlurmJobOptions options) : options_(std::move(options)) {}
  void add(const SacctRow&);
  const std::vector<SlurmJob>& jobs() const { return jobs_; }
  std::uint64_t bad_memory = 0;  // memory texts that could not be read

 private:
  int flag_of(std::string_view state) const;
  std::optional<double> gigabytes(std::string_view text, const SacctRow&, char bare_unit);

  SlurmJobOptions options_;
  std::vector<SlurmJob> jobs_;
  std::unordered_map<std::string, std::size_t> latest_;
};

struct SlurmPower {
  double memory_watts_per_gb = 0;
  double granularity_gb = 0;
  SlurmPartition fallback;  // for partitions the cluster file does not know
  const SlurmCluster* cluster = nullptr;

  const SlurmPartition& of(std::string_view partition) const;  // with the fallback's GPU where it has none
  bool knows(std::string_view partition) const;
};

struct SlurmUse {
  double core_hours = 0, gpu_hours = 0;
  double requested_gb = 0, needed_gb = 0;
  double core_kwh = 0, gpu_kwh = 0, memory_kwh = 0, needed_memory_kwh = 0;  // without PUE
  bool clamped = false;  // more CPU time than cores times wall time
  bool memory_unknown = false;  // neither requested nor by partition
  bool gpu_on_cpu_partition = false;

  double it_kwh() const { return core_kwh + gpu_kwh + memory_kwh; }
  double overallocation() const { return requested_gb / needed_gb; }
};
SlurmUse use_of(const SlurmJob&, const SlurmPower&);

// "2787379_12" -> "2787379": the array's id.
std::string_view array_of(std::string_view job_id);

}  // namespace wattline::ledger
