#include "ledger/slurm.h"

#include <map>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "kernel/error.h"
#include "kernel/testing.h"
#include "ledger/account.h"
#include "ledger/ledger.h"

namespace wattline::ledger {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

const std::string header =
    "User|JobID|JobName|Submit|Elapsed|Partition|NNodes|NCPUS|TotalCPU|CPUTime|ReqMem|MaxRSS|WorkDir|State|Account|"
    "AllocTRES\n";
const std::string log_text =
    header +
    "ann|101|align|2026-03-02T09:00:00|02:00:00|cpu|1|16|1-02:30:00|1-08:00:00|64G||/"
    "data|COMPLETED|bio|cpu=16,mem=64G,node=1\n"
    "|101.batch|batch|2026-03-02T09:00:00|02:00:00||1|16|1-02:30:00|1-08:00:00||18874368K||COMPLETED|bio|cpu=16\n"
    "bob|102_7|train|2026-04-03T10:00:00|03:00:30|gpu|1|8|00:00:00|1-00:04:00|4Gc||/data|CANCELLED by "
    "1003|ml|cpu=8,gres/gpu:a100=2,node=1\n"
    "eve|103|x|2026-04-03T10:00:00|00:10:00|cpu|1|4|00:00:00|00:40:00|4G||/data|RUNNING|bio|cpu=4\n"
    "eve|104|x|2026-04-03T10:00:00|00:00:00|cpu|1|4|00:00:00|00:00:00|4G||/data|PENDING|bio|\n";
const std::string cluster_text =
    "institution: Example\ncluster_name: small\ngranularity_memory_request: 4\npartitions:\n"
    "  cpu: {type: CPU, TDP: 7.5}\n  gpu: {type: GPU, TDP: 300, TDP_CPU: 4.4}\n"
    "PUE: 1.4\nCI: 231.12\nenergy_cost: {cost: 0.34, currency: EUR}\n";

class Slurm : public testing::Test {
 protected:
  SlurmOptions options(const std::string& text = log_text, bool with_cluster = true) {
    SlurmOptions o;
    o.log = InputFile::from_bytes("log.txt", text);
    if (with_cluster) o.cluster = InputFile::from_bytes("cluster.yaml", cluster_text);
    return o;
  }
  Result run(const SlurmOptions& o) { return slurm(o, context_); }
  static double energy(const Result& r) { return r.find_estimate("energy")->measure.value; }
  static double total(const Result& r, std::string_view what) {
    const Table* t = r.find_table("ledger.slurm.totals.v1");
    for (std::size_t i = 0; i < t->rows(); ++i)
      if (t->column("what").texts()[i] == what) return t->column("value").numbers()[i];
    ADD_FAILURE() << "no " << what;
    return NAN;
  }
  std::string message(const SlurmOptions& o) {
    try {
      run(o);
    } catch (const Error& e) {
      return e.what();
    }
    return "no error";
  }
  Context context_;
};

constexpr double cpu_job = (26.5 * 7.5 + 64 * 2 * 0.3725) / 1000;
constexpr double gpu_hours = 2 * 3.0 + 2 * 30 / 3600.0;
constexpr double gpu_job = ((24 + 4 / 60.0) * 4.4 + gpu_hours * 300 + 32 * (3 + 30 / 3600.0) * 0.3725) / 1000;

TEST_F(Slurm, EnergyAndCarbonOfEachAndAll) {
  const Result r = run(options());
  EXPECT_NEAR(energy(r), 1.4 * (cpu_job + gpu_job), 1e-12);
  EXPECT_NEAR(r.find_estimate("carbon")->measure.value, 231.12 * energy(r), 1e-9);
  EXPECT_NEAR(r.find_estimate("failed_energy")->measure.value, 1.4 * gpu_job, 1e-12);
  EXPECT_EQ(total(r, "jobs"), 2);
  EXPECT_EQ(total(r, "failed jobs"), 1);
  EXPECT_EQ(total(r, "left out: running or pending"), 2);
  EXPECT_NEAR(total(r, "cost"), 0.34 * energy(r), 1e-12);
  EXPECT_NEAR(total(r, "GPU-hours"), gpu_hours, 1e-12);
  EXPECT_NEAR(total(r, "energy had memory been requested as needed"),
              1.4 * (cpu_job + gpu_job) - 1.4 * (64 - 20) * 2 * 0.3725 / 1000, 1e-9);
  const Table* users = r.find_table("By user");
  ASSERT_TRUE(users);
  EXPECT_EQ(users->column("user").texts(), (std::vector<std::string>{"bob", "ann"})) << "the most energy first";
  EXPECT_NEAR(users->column("energy").numbers()[1], 1.4 * cpu_job, 1e-12);
  const Table* months = r.find_table("By month");
  EXPECT_EQ(months->column("month").texts(), (std::vector<std::string>{"2026-03", "2026-04"}));
  const Table* jobs = r.find_table("ledger.slurm.jobs.v1");
  ASSERT_TRUE(jobs);
  EXPECT_EQ(jobs->column("job").texts(), (std::vector<std::string>{"102_7", "101"}));
  EXPECT_NEAR(jobs->column("energy").numbers()[1], 1.4 * cpu_job, 1e-12);
  EXPECT_EQ(jobs->column("memory").numbers()[0], 32);
  SlurmOptions o = options();
  o.tables = SlurmTables::runs;
  const Result only = run(o);
  EXPECT_THAT(to_csv(only), testing::StartsWith("run,kind,begin"));
  const Table* runs = only.find_table("run.records.v1");
  ASSERT_TRUE(runs);
  EXPECT_EQ(runs->rows(), 2u);
  EXPECT_NEAR(runs->column("energy").numbers()[0], gpu_job * 3.6e6, 1e-3) << "at the device, J";
}

TEST_F(Slurm, GroupsAddUpAndShareTheirUncertainty) {
  SlurmOptions o = options();
  o.by = {"user,account", "partition", "state", "day", "array", "name", "month"};
  const Result r = run(o);
  int tables = 0;
  for (const auto& block : r.blocks)
    if (const auto* t = std::get_if<Table>(&block); t && t->schema() == "ledger.slurm.groups.v1") {
      ++tables;
      double sum = 0;
      for (const double kwh : t->column("energy").numbers()) sum += kwh;
      EXPECT_NEAR(sum, energy(r), 1e-12) << t->title;
    }
  EXPECT_EQ(tables, 8);
  o.by = {"colour"};
  EXPECT_THAT(message(o), HasSubstr("account"));

  // A thousand jobs of one kind are no surer than one: the design power is wrong for all alike.
  std::string many = header, one;
  for (int i = 0; i < 1000; ++i) {
    one =
        fmt::format("ann|{}|a|2026-03-02T09:00:00|02:00:00|cpu|1|16|00:00:00|1-08:00:00|0n||/|COMPLETED|bio|\n", i + 1);
    many += one;
  }
  const auto spread = [&](const std::string& text) {
    const Result of = run(options(text));
    const auto& m = of.find_estimate("energy")->measure;
    return (m.interval.high - m.interval.low) / m.value;
  };
  EXPECT_NEAR(spread(many), spread(header + one), 1e-9);
  EXPECT_GT(spread(many), 0.5);
}

TEST_F(Slurm, TheCommandLineIsStrongerThanTheClusterFile) {
  SlurmOptions o = options();
  const double before = energy(run(o));
  o.site.pue = 2.8;
  o.site.intensity = 100 * units::gCO2e_per_kWh;
  const Result r = run(o);
  EXPECT_NEAR(energy(r), 2 * before, 1e-12);
  EXPECT_NEAR(r.find_estimate("carbon")->measure.value, 100 * energy(r), 1e-9);
  o = options();
  o.site.place = "FR";
  EXPECT_NEAR(run(o).find_estimate("carbon")->measure.value, 51.28 * before, 1e-9);
  o.old_data = true;
  EXPECT_NEAR(run(o).find_estimate("carbon")->measure.value, 47 * before, 1e-9) << "v1.0 has another figure for France";
}

TEST_F(Slurm, WithoutAClusterFileEverythingAssumedIsSaid) {
  const Result r = run(options(log_text, false));
  EXPECT_NEAR(energy(r),
              1.56 * ((26.5 + 24 + 4 / 60.0) * 12 + gpu_hours * 200 + (128 + 32 * (3 + 30 / 3600.0)) * 0.3725) / 1000,
              1e-9);
  EXPECT_THAT(r.warnings,
              Contains(AllOf(HasSubstr("no cluster file"), HasSubstr("12 W a core"), HasSubstr("200 W a GPU"))));
  EXPECT_THAT(r.warnings, Contains(HasSubstr("world average")));
  EXPECT_THAT(r.warnings, Contains(HasSubstr("PUE")));
  SlurmOptions named = options(log_text, false);
  named.hardware.cpu = "Xeon E5-2683 v4";
  named.hardware.gpu_tdp = Power(400);
  EXPECT_NEAR(total(run(named), "energy of GPUs"), 1.56 * gpu_hours * 0.4, 1e-9);
}

TEST_F(Slurm, BadLinesAreReportedWithTheirNumbersOrRefused) {
  const std::string text = log_text +
                           "ann|105|cut\n"
                           "ann|106|a|2026-03-02T09:00:00|soon|cpu|1|16|00:00:00|1-08:00:00|lots||/|COMPLETED|bio|\n";
  SlurmOptions o = options(text);
  const Result r = run(o);
  EXPECT_THAT(r.warnings, Contains(HasSubstr("1 of 7 lines were left out")));
  const Table* faults = r.find_table("ledger.slurm.faults.v1");
  ASSERT_TRUE(faults);
  EXPECT_EQ(faults->column("line").integers(), (std::vector<std::int64_t>{7, 8}));
  EXPECT_THAT(r.warnings, Contains(HasSubstr("1 memory size")));
  o.strict = true;
  EXPECT_THAT(message(o), HasSubstr("log.txt:7"));
  EXPECT_THAT(message(options("JobID|State\n1|COMPLETED\n")), HasSubstr("--format="));
  EXPECT_THAT(message(options("")), HasSubstr("empty"));
}

TEST_F(Slurm, AMissingColumnIsSaid) {
  const Result r = run(options("JobID|Elapsed|NCPUS\n7|01:00:00|10\n"));
  EXPECT_THAT(r.warnings, Contains(AllOf(HasSubstr("TotalCPU"), HasSubstr("--format="))));
  EXPECT_NEAR(total(r, "core-hours used"), 10, 1e-12);
  // Without ReqMem the allocation says how much memory there was.
  const Result tres = run(options("JobID|Elapsed|AllocTRES\n7|01:00:00|cpu=10,mem=64G,node=1\n"));
  EXPECT_NEAR(total(tres, "energy of memory"), 1.4 * 64 * 0.3725 / 1000, 1e-12);
  EXPECT_NEAR(total(tres, "core-hours used"), 10, 1e-12);
}

TEST_F(Slurm, MeasuredBesideModelled) {
  const Result r = run(options(
      "JobID|Elapsed|Partition|NCPUS|ConsumedEnergyRaw|State\n"
      "7|01:00:00|cpu|10||COMPLETED\n7.batch|01:00:00||10|180000|COMPLETED\n7.extern|01:00:00||10|180000|COMPLETED\n"));
  EXPECT_NEAR(r.find_estimate("measured_energy")->measure.value, 0.05, 1e-12) << "steps see the same node";
  EXPECT_EQ(r.find_estimate("measured_energy")->measure.method, Method::measured);
  EXPECT_THAT(to_text(r), HasSubstr("1.5 times what was measured"));
}

TEST_F(Slurm, NamesOfEveryScriptAndHtml) {
  const Result r = run(
      options(header + "жанна|1|<script>alert(1)</script>|2026-03-02T09:00:00|02:00:00|cpu|1|1|00:00:00|02:00:00|1G||/"
                       "|COMPLETED|\xff\xfe|\n"));
  EXPECT_THAT(to_text(r), HasSubstr("жанна"));
  EXPECT_THAT(to_html(r), testing::Not(HasSubstr("<script>alert")));
  EXPECT_NO_THROW(parse_json(to_json(r)));
}

TEST_F(Slurm, RecordsEachJobOnce) {
  tests::ScratchDir dir;
  const auto ledger = Ledger::open(dir.path(), OpenMode::write);
  context_.provide<AccountSink>(ledger);
  SlurmOptions o = options();
  o.record = true;
  o.site.place = "FR";
  run(o);
  run(o);
  EXPECT_EQ(ledger->size(), 2);
  std::map<std::string, Fact> facts;
  ledger->for_each({}, [&](const Row& row) { facts[row.fact.labels.front().second] = row.fact; });
  const Fact& f = facts.at("101");
  EXPECT_EQ(f.kind, "job");
  EXPECT_EQ(f.place, "FR");
  EXPECT_EQ(f.uid, "slurm:small:101:2026-03-02T09:00:00Z");
  EXPECT_NEAR(f.energy.value().in(units::kWh), cpu_job, 1e-12) << "without PUE: reports add it";
  EXPECT_EQ(f.energy.method(), Method::modelled);
  EXPECT_EQ(f.end - f.begin, Duration(7200));
  EXPECT_THAT(shown(*ledger, f.labels), Contains(std::pair<std::string, std::string>("user", "ann")));
  EXPECT_THAT(f.labels, testing::Not(Contains(std::pair<std::string, std::string>("user", "ann"))));
  EXPECT_TRUE(ledger->verify().holds);
}

TEST_F(Slurm, RecordingWithoutAnAccountIsAnError) {
  SlurmOptions o = options();
  o.record = true;
  EXPECT_THAT(message(o), HasSubstr("--record"));
}

TEST_F(Slurm, ALogWithoutAFinishedJob) {
  const Result r = run(options(header));
  EXPECT_EQ(energy(r), 0);
  EXPECT_THAT(r.warnings, Contains(HasSubstr("no finished job")));
  EXPECT_THAT(to_text(r), HasSubstr("0 jobs"));
  EXPECT_THAT(to_html(r), testing::Not(HasSubstr("NaN")));
}

TEST_F(Slurm, CanBeCancelled) {
  std::string text = header;
  for (int i = 0; i < 20'000; ++i)
    text += fmt::format("a|{}|j|2026-03-02T09:00:00|02:00:00|cpu|1|1|00:00:00|02:00:00|1G||/|COMPLETED|x|\n", i + 1);
  std::stop_source stop;
  stop.request_stop();
  context_.stop = stop.get_token();
  try {
    run(options(text));
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::cancelled);
  }
}

TEST_F(Slurm, TheExamplesSayWhatTheyPromise) {
  const Capability c = slurm_capability();
  for (const auto& example : c.examples) {
    SlurmOptions o = *std::static_pointer_cast<SlurmOptions>(options_from_arguments(c, example.arguments));
    const std::map<std::string, std::string> files(example.files.begin(), example.files.end());
    o.log = InputFile::from_bytes("sacct.txt", files.at("sacct.txt"));
    if (o.cluster.given()) o.cluster = InputFile::from_bytes("cluster.yaml", files.at("cluster.yaml"));
    EXPECT_THAT(to_text(run(o)), HasSubstr(example.expects));
  }
}

}  // namespace
}  // namespace wattline::ledger
