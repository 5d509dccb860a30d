#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "ledger/slurm_jobs.h"

// No log crashes or hangs, and no job of one costs less than nothing or more than a number.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline::ledger;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // The first half of the input may be a cluster file.
  const std::size_t cut = text.find('\x01');
  SlurmCluster cluster;
  SlurmPower power{0.3725, 1, {}, nullptr};
  if (cut != std::string_view::npos) {
    try {
      cluster = parse_cluster(text.substr(0, cut));
      power.cluster = &cluster;
    } catch (const wattline::Error&) {}
  }
  SlurmJobs jobs({});
  try {
    read_sacct(cut == std::string_view::npos ? text : text.substr(cut + 1), "log",
               [&](const SacctRow& row) { jobs.add(row); });
  } catch (const wattline::Error&) {}
  for (const auto& job : jobs.jobs()) {
    const double kwh = use_of(job, power).it_kwh();
    if (!std::isfinite(kwh) || kwh < 0) __builtin_trap();
  }
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  const std::string log =
      "User|JobID|JobName|Submit|Elapsed|Partition|NNodes|NCPUS|TotalCPU|CPUTime|ReqMem|MaxRSS|WorkDir|State|Account|"
      "AllocTRES\n"
      "ann|101|align|2026-03-02T09:00:00|02:00:00|cpu|1|16|1-02:30:00|1-08:00:00|64Gn||/data/"
      "a|b|COMPLETED|bio|cpu=16,mem=64G\n"
      "|101.batch|batch|2026-03-02T09:00:00|02:00:00||1|16|26:30.5|1-08:00:00||18874368K||CANCELLED by "
      "3|bio|gres/gpu:a100=2\n";
  const std::string cluster =
      "granularity_memory_request: 4\npartitions:\n  cpu: {type: CPU, TDP: 7.5}\n"
      "  gpu: {type: GPU, TDP: 300, TDP_CPU: 4.4, memory_per_core: 4}\nPUE: 1.4\nCI: 231\nenergy_cost: {cost: 0.34, "
      "currency: EUR}\n";
  return {log, cluster + '\x01' + log,
          "       JobID    Elapsed      NCPUS\n------------ ---------- ----------\n101   02:00:00   4\n",
          "JobIDRaw\tElapsedRaw\tAllocTRES\tConsumedEnergyRaw\n7\t600\tcpu=4\t99\n"};
}
