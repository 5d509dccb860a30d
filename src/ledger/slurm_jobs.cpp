#include "ledger/slurm_jobs.h"

#include <algorithm>
#include <cmath>

#include "ledger/slurm_values.h"

namespace wattline::ledger {

int SlurmJobs::flag_of(std::string_view state) const {
  if (state.empty()) return 2;
  if (state == "COMPLETED") return 1;
  if (state == "RUNNING" || state == "PENDING") return -1;
  return std::find(options_.success_states.begin(), options_.success_states.end(), state) !=
                 options_.success_states.end()
             ? 1
             : 0;
}

std::optional<double> SlurmJobs::gigabytes(std::string_view text, const SacctRow& row, char bare_unit) {
  if (text.empty()) return std::nullopt;
  const auto memory = parse_slurm_memory(text, bare_unit);
  if (!memory) {
    ++bad_memory;
    return std::nullopt;
  }
  if (memory->per == 'n') return memory->gigabytes * static_cast<double>(row.nodes.value_or(1));
  if (memory->per == 'c') return memory->gigabytes * static_cast<double>(row.cpus.value_or(1));
  return memory->gigabytes;
}

void SlurmJobs::add(const SacctRow& row) {
  const std::size_t dot = row.job_id.find('.');
  const bool parent = dot == std::string_view::npos;
  std::string id(row.job_id.substr(0, dot));
  const auto [it, fresh] = latest_.try_emplace(std::move(id), jobs_.size());
  if (!fresh && parent) {
    const SlurmJob& before = jobs_[it->second];
    if (before.has_parent && before.submit != row.submit) it->second = jobs_.size();
  }
  if (it->second == jobs_.size()) {
    jobs_.emplace_back();
    jobs_.back().id = it->first;
  }
  SlurmJob& job = jobs_[it->second];

  job.elapsed = std::max(job.elapsed, row.elapsed.value_or(0));
  job.total_cpu = std::max(job.total_cpu, row.total_cpu.value_or(0));
  job.cpu_time = std::max(job.cpu_time, row.cpu_time.value_or(0));
  job.nodes = std::max(job.nodes, row.nodes.value_or(0));
  job.cpus = std::max(job.cpus, row.cpus.value_or(0));
  job.gpus = std::max(job.gpus, row.gpus.value_or(0));
  job.joules = std::max(job.joules, row.joules.value_or(0));
  // "0n" says that nothing is known, not that nothing was asked for.
  if (const auto gb = gigabytes(row.req_mem, row, 'M'); gb && *gb > 0)
    job.requested_gb = std::max(job.requested_gb.value_or(0), *gb);
  if (const auto gb = gigabytes(row.max_rss, row, options_.rss_unit))
    job.used_gb = std::max(job.used_gb.value_or(0), *gb);
  job.flag = std::min(job.flag, flag_of(row.state));

  // Names of the parent win over those of its steps ("batch", "extern").
  const auto name = [&](std::string& into, std::string_view from) {
    if (!from.empty() && (parent || into.empty())) into = from;
  };
  name(job.name, row.job_name);
  name(job.user, row.user);
  name(job.account, row.account);
  name(job.partition, row.partition);
  name(job.state, row.state);
  if (row.submit && (parent || !job.submit)) {
    job.submit = row.submit;
    job.submit_as_written = row.submit_as_written ? row.submit_as_written : row.submit;
  }
  if (row.start && (parent || !job.start)) job.start = row.start;
  job.has_parent |= parent;
}

const SlurmPartition& SlurmPower::of(std::string_view partition) const {
  if (cluster)
    if (const auto it = cluster->partitions.find(partition); it != cluster->partitions.end()) return it->second;
  return fallback;
}
bool SlurmPower::knows(std::string_view partition) const {
  return cluster && cluster->partitions.find(partition) != cluster->partitions.end();
}

SlurmUse use_of(const SlurmJob& job, const SlurmPower& power) {
  constexpr double hour = 3600;
  SlurmUse use;
  const SlurmPartition& partition = power.of(job.partition);
  // Where the log has no CPUTime, cores times wall time is what it would say.
  const double allotted = job.cpu_time > 0 ? job.cpu_time : job.elapsed * static_cast<double>(job.cpus);
  double core_seconds = job.total_cpu > 0 ? job.total_cpu : allotted;
  if (allotted > 0 && core_seconds > allotted) {
    core_seconds = allotted;
    use.clamped = true;
  }
  use.core_hours = core_seconds / hour;
  use.gpu_hours = job.elapsed * job.gpus / hour;

  if (job.requested_gb) {
    use.requested_gb = *job.requested_gb;
  } else if (partition.memory_per_core_gb) {
    use.requested_gb = *partition.memory_per_core_gb * static_cast<double>(job.cpus);
  } else {
    use.memory_unknown = true;
  }
  const double used = job.used_gb.value_or(use.requested_gb);
  if (use.requested_gb <= power.granularity_gb) use.needed_gb = power.granularity_gb;
  else use.needed_gb = std::min((std::floor(used / power.granularity_gb) + 1) * power.granularity_gb, use.requested_gb);

  double gpu_watts = partition.gpu_watts;
  if (job.gpus > 0 && !partition.gpu) {
    gpu_watts = power.fallback.gpu_watts;
    use.gpu_on_cpu_partition = power.knows(job.partition);
  }
  const double wall_hours = job.elapsed / hour;
  use.core_kwh = use.core_hours * partition.core_watts / 1000;
  use.gpu_kwh = use.gpu_hours * gpu_watts / 1000;
  use.memory_kwh = use.requested_gb * wall_hours * power.memory_watts_per_gb / 1000;
  use.needed_memory_kwh = std::min(use.needed_gb, use.requested_gb) * wall_hours * power.memory_watts_per_gb / 1000;
  return use;
}

std::string_view array_of(std::string_view job_id) { return job_id.substr(0, job_id.find('_')); }

}  // namespace wattline::ledger
