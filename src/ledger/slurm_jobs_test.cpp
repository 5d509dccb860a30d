#include "ledger/slurm_jobs.h"

#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/testing.h"

namespace wattline::ledger {
namespace {

using testing::HasSubstr;

constexpr std::string_view header =
    "JobID|User|Submit|Elapsed|Partition|NNodes|NCPUS|TotalCPU|CPUTime|ReqMem|MaxRSS|State|AllocTRES\n";

std::vector<SlurmJob> jobs_of(std::string_view rows, SlurmJobOptions options = {}) {
  SlurmJobs jobs(std::move(options));
  read_sacct(std::string(header) + std::string(rows), "log", [&](const SacctRow& row) { jobs.add(row); });
  return jobs.jobs();
}
SlurmPower ten_watts() {
  SlurmPower power;
  power.memory_watts_per_gb = 0.3725;
  power.granularity_gb = 6;
  power.fallback.core_watts = 10;
  power.fallback.gpu_watts = 250;
  return power;
}
SlurmUse use(std::string_view row) { return use_of(jobs_of(row).at(0), ten_watts()); }

// The published sample of GreenAlgorithms4HPC, its lines said once more.
TEST(SlurmJobs, TheTwoJobsOfTheSample) {
  const auto jobs = jobs_of(
      "556141||2022-02-11T19:11:21|04:00:25|p|1|1|00:00:00|04:00:25|6760Mc||TIMEOUT|billing=1,cpu=1,mem=6760M,node=1\n"
      "552375||2022-02-12T13:55:33|03:00:30|p|1|32|00:00:00|4-00:16:00|250Gn||TIMEOUT|billing=32,cpu=32,gres/"
      "gpu=1,mem=250G,node=1\n");
  ASSERT_EQ(jobs.size(), 2u);
  const SlurmUse a = use_of(jobs[0], ten_watts()), b = use_of(jobs[1], ten_watts());
  EXPECT_NEAR(a.core_hours, 4.0069, 5e-5);
  EXPECT_DOUBLE_EQ(a.requested_gb, 6.76);
  EXPECT_NEAR(b.gpu_hours, 3.00833, 5e-6);
  EXPECT_DOUBLE_EQ(b.requested_gb, 250);
  EXPECT_NEAR(1.67 * b.it_kwh(), 3.331, 5e-4);
  EXPECT_EQ(jobs[0].outcome(), JobOutcome::failed);
}

TEST(SlurmJobs, StepsAreMergedNotAdded) {
  const auto jobs = jobs_of(
      "101|ann|2026-03-02T09:00:00|02:00:00|gpu|2|16|1-02:30:00|1-08:00:00|64G||COMPLETED|cpu=16,gres/gpu=2,node=2\n"
      "101.batch||2026-03-02T09:00:00|02:00:00||1|8|00:30:00|16:00:00||18000000K|COMPLETED|cpu=8,gres/gpu=1,node=1\n"
      "101.extern||2026-03-02T09:00:00|02:00:01||2|16|00:00.5|1-08:00:00||0|COMPLETED|cpu=16,gres/gpu=2,node=2\n"
      "101.0||2026-03-02T09:00:05|01:50:00||2|16|1-02:00:00|1-05:20:00||31000000K|COMPLETED|cpu=16,gres/"
      "gpu=2,node=2\n");
  ASSERT_EQ(jobs.size(), 1u);
  const SlurmJob& j = jobs[0];
  EXPECT_EQ(j.user, "ann");
  EXPECT_EQ(j.partition, "gpu");
  EXPECT_DOUBLE_EQ(j.total_cpu, 26.5 * 3600);
  EXPECT_EQ(j.cpus, 16);
  EXPECT_EQ(j.gpus, 2) << "GPUs are not counted for every step";
  EXPECT_DOUBLE_EQ(*j.requested_gb, 64);
  EXPECT_DOUBLE_EQ(*j.used_gb, 31);
  EXPECT_DOUBLE_EQ(j.elapsed, 7201);
  EXPECT_EQ(j.outcome(), JobOutcome::succeeded);
  EXPECT_TRUE(j.has_parent);
}

TEST(SlurmJobs, StepsInAnyOrderAndWithoutTheirJob) {
  const auto jobs = jobs_of(
      "101.batch||2026-03-02T09:00:00|02:00:00||1|8|00:30:00|16:00:00||1000000K|COMPLETED|\n"
      "101|ann|2026-03-02T09:00:00|02:00:00|cpu|1|8|00:30:00|16:00:00|4Gn||COMPLETED|\n"
      "102.0||2026-03-02T09:00:00|01:00:00||1|4|00:30:00|04:00:00|||FAILED|\n");
  ASSERT_EQ(jobs.size(), 2u);
  EXPECT_EQ(jobs[0].user, "ann");
  EXPECT_FALSE(jobs[1].has_parent);
  EXPECT_EQ(jobs[1].outcome(), JobOutcome::failed);
}

TEST(SlurmJobs, TheSameIdSubmittedAgainIsAnotherJob) {
  const auto jobs = jobs_of(
      "7||2026-03-02T09:00:00|01:00:00|cpu|1|1|00:00:00|01:00:00|1G||NODE_FAIL|\n"
      "7||2026-03-02T11:00:00|02:00:00|cpu|1|1|00:00:00|02:00:00|1G||COMPLETED|\n"
      "7||2026-03-02T11:00:00|02:00:00|cpu|1|1|00:00:00|02:00:00|1G||COMPLETED|\n");
  ASSERT_EQ(jobs.size(), 2u) << "a line that is there twice counts once";
  EXPECT_DOUBLE_EQ(jobs[0].elapsed + jobs[1].elapsed, 3 * 3600);
}

TEST(SlurmJobs, MemoryPerNodeAndPerCore) {
  EXPECT_DOUBLE_EQ(use("1|||01:00:00|p|4|64|00:00:00|64:00:00|10Gn||COMPLETED|\n").requested_gb, 40);
  EXPECT_DOUBLE_EQ(use("1|||01:00:00|p|4|64|00:00:00|64:00:00|500Mc||COMPLETED|\n").requested_gb, 32);
  EXPECT_DOUBLE_EQ(use("1|||01:00:00|p|4|64|00:00:00|64:00:00|1.5T||COMPLETED|\n").requested_gb, 1500);
}

TEST(SlurmJobs, UnknownMemoryIsSaidNotInvented) {
  for (const char* text : {"0n", "0c", "", "?"}) {
    const SlurmUse u = use(fmt::format("1|||01:00:00|p|1|4|00:00:00|04:00:00|{}||COMPLETED|\n", text));
    EXPECT_TRUE(u.memory_unknown) << text;
    EXPECT_EQ(u.memory_kwh, 0) << text;
  }
  auto power = ten_watts();
  power.fallback.memory_per_core_gb = 4;
  const auto jobs = jobs_of("1|||01:00:00|p|1|4|00:00:00|04:00:00|0n||COMPLETED|\n");
  EXPECT_DOUBLE_EQ(use_of(jobs[0], power).requested_gb, 16);
  EXPECT_FALSE(use_of(jobs[0], power).memory_unknown);
}

TEST(SlurmJobs, CoreTimeUsed) {
  EXPECT_DOUBLE_EQ(use("1|||01:00:00|p|1|4|02:00:00|04:00:00|||COMPLETED|\n").core_hours, 2);
  EXPECT_DOUBLE_EQ(use("1|||01:00:00|p|1|4|00:00:00|04:00:00|||COMPLETED|\n").core_hours, 4)
      << "0 is not known: full use";
  const SlurmUse clamped = use("1|||01:00:00|p|1|4|09:00:00|04:00:00|||COMPLETED|\n");
  EXPECT_DOUBLE_EQ(clamped.core_hours, 4) << "the reference stops with an assertion here";
  EXPECT_TRUE(clamped.clamped);
  EXPECT_DOUBLE_EQ(use("1|||01:00:00|p|1|4|||||COMPLETED|\n").core_hours, 4) << "cores times wall time";
  EXPECT_DOUBLE_EQ(use("1||||p|1|4|||||COMPLETED|\n").it_kwh(), 0) << "no Elapsed: nothing known, nothing charged";
}

TEST(SlurmJobs, NeededMemory) {
  const auto needed = [](const char* requested, const char* used) {
    const SlurmUse u = use(fmt::format("1|||01:00:00|p|1|1|00:00:00|01:00:00|{}|{}|COMPLETED|\n", requested, used));
    return std::pair(u.needed_gb, u.overallocation());
  };
  EXPECT_EQ(needed("4G", "1G"), std::pair(6.0, 4.0 / 6));  // requested below the granularity
  EXPECT_EQ(needed("64G", "13G"), std::pair(18.0, 64.0 / 18));  // (int(13/6)+1)*6
  EXPECT_EQ(needed("64G", "12G"), std::pair(18.0, 64.0 / 18));  // as the reference: one unit more
  EXPECT_EQ(needed("64G", "63G"), std::pair(64.0, 1.0));  // capped at what was requested
  EXPECT_EQ(needed("64G", ""), std::pair(64.0, 1.0));  // no MaxRSS: requested as used
  EXPECT_EQ(needed("102.6G", "3016K"), std::pair(6.0, 102.6 / 6));  // the sample's 17.1
}

TEST(SlurmJobs, Outcomes) {
  const auto outcome = [](const char* state, std::vector<std::string> success = {}) {
    return jobs_of(fmt::format("1|||01:00:00|p|1|1|00:00:00|01:00:00|||{}|\n", state), {std::move(success)})
        .at(0)
        .outcome();
  };
  EXPECT_EQ(outcome("COMPLETED"), JobOutcome::succeeded);
  for (const char* s :
       {"FAILED", "TIMEOUT", "CANCELLED by 1003", "OUT_OF_MEMORY", "NODE_FAIL", "PREEMPTED", "BOOT_FAIL"})
    EXPECT_EQ(outcome(s), JobOutcome::failed) << s;
  EXPECT_EQ(outcome("RUNNING"), JobOutcome::unfinished);
  EXPECT_EQ(outcome("PENDING"), JobOutcome::unfinished);
  EXPECT_EQ(outcome("TIMEOUT", {"TIMEOUT", "PREEMPTED"}), JobOutcome::succeeded);
  EXPECT_EQ(outcome("FAILED", {"TIMEOUT"}), JobOutcome::failed);
}

TEST(SlurmJobs, AStepThatFailedFailsItsJob) {
  const auto jobs = jobs_of(
      "1|||01:00:00|p|1|1|00:00:00|01:00:00|||COMPLETED|\n"
      "1.0|||01:00:00||1|1|00:00:00|01:00:00|||FAILED|\n");
  EXPECT_EQ(jobs.at(0).outcome(), JobOutcome::failed);
  EXPECT_EQ(jobs.at(0).state, "COMPLETED") << "the end state is the job's own";
}

TEST(SlurmJobs, IdsOfEveryKind) {
  const auto jobs = jobs_of(
      "2787379_12|||01:00:00|p|1|1|00:00:00|01:00:00|||COMPLETED|\n"
      "2787379_[13-20%4]|||00:00:00|p|1|1|00:00:00|00:00:00|||PENDING|\n"
      "900+0|||01:00:00|p|1|1|00:00:00|01:00:00|||COMPLETED|\n"
      "900+1|||01:00:00|p|1|1|00:00:00|01:00:00|||COMPLETED|\n"
      "900+1.batch|||01:00:00||1|1|00:00:00|01:00:00|||COMPLETED|\n"
      "134217729000123|||01:00:00|p|1|1|00:00:00|01:00:00|||COMPLETED|\n");  // federated
  EXPECT_EQ(jobs.size(), 5u);
  EXPECT_EQ(array_of("2787379_12"), "2787379");
  EXPECT_EQ(array_of("7"), "7");
}

TEST(SlurmJobs, AGpuOnACpuPartitionTakesTheFallback) {
  auto power = ten_watts();
  SlurmCluster cluster;
  cluster.partitions["cpu"].core_watts = 5;
  power.cluster = &cluster;
  const auto jobs = jobs_of(
      "1|||01:00:00|cpu|1|1|00:00:00|01:00:00|||COMPLETED|gres/gpu=1\n"
      "2|||01:00:00|elsewhere|1|1|00:00:00|01:00:00|||COMPLETED|gres/gpu=1\n");
  const SlurmUse u = use_of(jobs[0], power);
  EXPECT_TRUE(u.gpu_on_cpu_partition);
  EXPECT_DOUBLE_EQ(u.gpu_kwh, 0.25);
  EXPECT_DOUBLE_EQ(u.core_kwh, 0.005);
  EXPECT_FALSE(use_of(jobs[1], power).gpu_on_cpu_partition);
}

// --- The cluster file.
std::string cluster_error(std::string_view yaml) {
  try {
    parse_cluster(yaml, "cluster.yaml");
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::bad_input);
    return e.what();
  }
  return "no error";
}

TEST(SlurmCluster, ReadsTheFileOfTheReference) {
  const auto c = parse_cluster(
      "institution: \"Uni\"\ncluster_name: big\ngranularity_memory_request: 6\npartitions:\n"
      "  cpu:\n    type: CPU\n    model: Xeon\n    TDP: 10\n"
      "  gpu:\n    type: GPU\n    model: A100\n    TDP: 250\n    model_CPU: EPYC\n    TDP_CPU: 4.4\n    "
      "memory_per_core: 8\n"
      "PUE: 1.67\nCI: 467\nenergy_cost:\n  cost: 0.34\n  currency: \"£\"\ntexts_intro: {CPU: a, GPU: "
      "b}\ndefault_unit_RSS: 'M'\nspare: 1\n");
  EXPECT_EQ(c.name, "big");
  EXPECT_EQ(c.granularity_gb, 6);
  EXPECT_EQ(c.pue, 1.67);
  EXPECT_EQ(c.grams_per_kwh, 467);
  EXPECT_EQ(c.price, 0.34);
  EXPECT_EQ(c.currency, "£");
  EXPECT_EQ(c.rss_unit, 'M');
  EXPECT_EQ(c.partitions.at("gpu").gpu_watts, 250);
  EXPECT_EQ(c.partitions.at("gpu").core_watts, 4.4);
  EXPECT_EQ(c.partitions.at("gpu").memory_per_core_gb, 8);
  EXPECT_EQ(c.partitions.at("cpu").core_watts, 10);
  EXPECT_THAT(c.warnings, testing::ElementsAre(HasSubstr("spare")));
}

TEST(SlurmCluster, FaultsAreNamed) {
  const std::string head = "partitions:\n  p: {type: CPU, TDP: 10}\n";
  EXPECT_THAT(cluster_error(head + "PUE: 0.5\n"),
              testing::AllOf(HasSubstr("PUE"), HasSubstr("0.5"), HasSubstr("cluster.yaml:3")));
  EXPECT_THAT(cluster_error(head + "PUE: <1.67>\n"), HasSubstr("placeholder"));
  EXPECT_THAT(cluster_error(head + "CI: lots\n"), HasSubstr("lots"));
  EXPECT_THAT(cluster_error(head + "default_unit_RSS: Q\n"), HasSubstr("K, M, G or T"));
  EXPECT_THAT(cluster_error("PUE: 1.2\n"), HasSubstr("no partitions"));
  EXPECT_THAT(cluster_error("partitions:\n  p: {type: TPU, TDP: 10}\n"), HasSubstr("TPU"));
  EXPECT_THAT(cluster_error("partitions:\n  p: {type: GPU, TDP: 10}\n"), HasSubstr("TDP_CPU"));
  EXPECT_THAT(cluster_error("partitions:\n  p: 3\n"), HasSubstr("'p'"));
  EXPECT_THAT(cluster_error("partitions: [1, 2]\n"), HasSubstr("partitions"));
  EXPECT_THAT(cluster_error("- a\n- b\n"), HasSubstr("no list of keys"));
  EXPECT_THAT(cluster_error(""), HasSubstr("no list of keys"));
  EXPECT_THAT(cluster_error("partitions: {a: [\n"), HasSubstr("YAML"));
  EXPECT_THAT(cluster_error("&a [*a, *a]: {"), testing::Not(HasSubstr("no error")));
  EXPECT_THAT(cluster_error("? [a, b]\n: c\n"), testing::Not(HasSubstr("no error")));
  EXPECT_THAT(cluster_error(std::string(3 << 20, 'x')), HasSubstr("bytes"));
  EXPECT_THAT(cluster_error(std::string(100'000, '[')), testing::Not(HasSubstr("no error"))) << "depth is no crash";
}

// --- With the sample itself, where it lies beside the checkout.
TEST(SlurmSample, ThePublishedLogAndTemplate) {
  const auto shared = tests::shared_dir();
  if (!shared) GTEST_SKIP() << "skipped: no shared data";
  const auto text_of = [&](const char* name) {
    std::ostringstream text;
    text << std::ifstream(*shared / "data/green-algorithms/slurm" / name).rdbuf();
    return text.str();
  };
  for (const char* name : {"example_sacctOutput_raw.txt", "example_sacctOutput_raw_asDF.tsv"}) {
    SlurmJobs jobs({});
    const auto faults = read_sacct(text_of(name), name, [&](const SacctRow& row) { jobs.add(row); });
    EXPECT_EQ(jobs.jobs().size(), 2u) << name;
    EXPECT_TRUE(faults.first.empty()) << name;
  }
  EXPECT_THAT(cluster_error(text_of("cluster_info_template.yaml")), testing::Not(HasSubstr("no error")))
      << "a template whose placeholders were left in is refused";
}

}  // namespace
}  // namespace wattline::ledger
