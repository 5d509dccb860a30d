#include "ledger/slurm.h"

#include <fmt/format.h>

#include "ledger/sacct_columns.h"

namespace wattline::ledger {
namespace {

const Fields<SlurmOptions>& fields() {
  using S = SlurmSiteOptions;
  using H = SlurmHardwareOptions;
  using O = SlurmOptions;
  static const Fields<S> site =
      Fields<S>()
          .text("place", &S::place, "code or name of the place; none: the cluster file's CI, else the world average")
          .quantity("intensity", &S::intensity, "gCO2e/kWh", "carbon intensity, instead of a place")
          .range(0, 5000)
          .number("pue", &S::pue, "power usage effectiveness; none: the cluster file's, else the calculator's default")
          .range(1, 20)
          .number("price", &S::price, "price of a kWh")
          .at_least(0)
          .text("currency", &S::currency, "currency of the price");
  static const Fields<H> hardware =
      Fields<H>()
          .text("cpu", &H::cpu, "CPU model of partitions that no cluster file describes")
          .quantity("core-tdp", &H::core_tdp, "W", "design power of one of their cores, instead of a model")
          .range(0, 1000)
          .text("gpu", &H::gpu, "GPU model of such partitions")
          .quantity("gpu-tdp", &H::gpu_tdp, "W", "design power of one of their GPUs, instead of a model")
          .range(0, 10000)
          .quantity("granularity", &H::granularity, "GB", "smallest memory that can be requested")
          .range(1e-6, 1e6);
  static const Fields<O> all =
      Fields<O>()
          .file("log", &O::log, "accounting log: the text of sacct -P with its header line, best in UTC")
          .required()
          .positional()
          .file("cluster", &O::cluster, "cluster description (YAML of GreenAlgorithms4HPC)")
          .list("by", &O::by, "groupings: user,account,partition,state,month,day,array,name")
          .list("success", &O::success, "end states that count as success besides COMPLETED: TIMEOUT,PREEMPTED")
          .text("time-zone", &O::time_zone, "of the log's times: UTC, +02:00, Europe/Paris; none: UTC")
          .enumeration("rss-unit", &O::rss_unit, {"cluster", "K", "M", "G", "T"},
                       "unit of a bare MaxRSS; cluster: the cluster file's, else K")
          .group(&O::site, site, "Site")
          .group(&O::hardware, hardware, "Hardware")
          .flag("old-data", &O::old_data, "tables of version v1.0 instead of v3.0")
          .integer("jobs", &O::jobs, "jobs in the tables of jobs and runs, the most energy first; none: 20, alone 1000")
          .range(0, 1e8)
          .enumeration("tables", &O::tables, {"all", "totals", "groups", "jobs", "runs"},
                       "which tables to make; --csv writes the first. runs: run.records.v1, at the device")
          .flag("strict", &O::strict, "refuse a log with a line that cannot be read, instead of leaving it out")
          .flag("record", &O::record, "also record the jobs in the account")
          .enumeration("changed", &O::changed, {"refuse", "correct", "keep"},
                       "with --record: jobs that were recorded before with another place or energy")
          .enumeration("retracted", &O::retracted, {"leave", "restore"}, "with --record: jobs that were retracted");
  return all;
}

}  // namespace

Capability slurm_capability() {
  Capability c = capability<SlurmOptions>(
      "ledger", "slurm", "Energy and carbon of a cluster's jobs from its Slurm log.", &slurm, fields());
  c.description = fmt::format(
      "Reads a Slurm accounting log, merges job steps, and gives energy and carbon per job, user, account, partition, "
      "end "
      "state and month by the formula of Green Algorithms (Lannelongue, Grealey, Inouye 2021; GreenAlgorithms4HPC): "
      "core "
      "time used times TDP per core, GPU wall time times TDP, reserved memory times 0.3725 W/GB, times PUE. Also what "
      "failed jobs took, how much memory was requested over need, and the cost. Made for real logs: fractional "
      "seconds, "
      "suffixes n and c, cancelled jobs, arrays, typed GPUs, '|' inside names, cut lines, missing columns. What was "
      "assumed is said in the warnings. Modelled: design power times time, right to a factor of 2. Write the log by: "
      "{}",
      sacct_command);
  c.verb = Verb::account;
  c.cost = Cost::job;
  c.papers = {18};
  c.emits = {"run.records.v1", "ledger.slurm.totals.v1", "ledger.slurm.groups.v1", "ledger.slurm.jobs.v1",
             "ledger.slurm.faults.v1"};
  const std::string log =
      "User|JobID|JobName|Submit|Elapsed|Partition|NNodes|NCPUS|TotalCPU|CPUTime|ReqMem|MaxRSS|WorkDir|State|Account|"
      "AllocTRES\n"
      "ann|101|align|2026-03-02T09:00:00|02:00:00|cpu|1|16|1-02:30:00|1-08:00:00|64G||/data/"
      "ann|COMPLETED|bio|cpu=16,mem=64G,node=1\n"
      "|101.batch|batch|2026-03-02T09:00:00|02:00:00||1|16|1-02:30:00|1-08:00:00||18874368K||COMPLETED|bio|cpu=16,mem="
      "64G,node=1\n"
      "bob|102_7|train|net|2026-03-03T10:00:00|03:00:30|gpu|1|8|00:00:00|1-00:04:00|4Gc||/data/bob|CANCELLED by "
      "1003|ml|cpu=8,gres/gpu:a100=2,node=1\n";
  const std::string cluster =
      "institution: Example\ncluster_name: small\ngranularity_memory_request: 4\npartitions:\n"
      "  cpu: {type: CPU, model: Xeon Gold 6148, TDP: 7.5}\n"
      "  gpu: {type: GPU, model: NVIDIA A100, TDP: 300, model_CPU: EPYC 7763, TDP_CPU: 4.4}\n"
      "PUE: 1.4\nCI: 231.12\nenergy_cost: {cost: 0.34, currency: EUR}\n";
  c.examples = {
      {{"sacct.txt", "--cluster", "cluster.yaml"}, {{"sacct.txt", log}, {"cluster.yaml", cluster}}, "By user"},
      {{"sacct.txt", "--place", "FR", "--by", "state"}, {{"sacct.txt", log}}, "CANCELLED"}};
  return c;
}

}  // namespace wattline::ledger
