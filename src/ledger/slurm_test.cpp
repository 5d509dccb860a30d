#include "ledger/slurm.h"

#include <map>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "kernel/error.h"
#include "kernel/testing.h"
#include "kernel/units.h"
#include "ledger/account.h"
#include "ledger/ledger.h"
#include "ledger/report.h"
#include "ledger/row_site.h"
#include "ledger/segment.h"

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
  EXPECT_THAT(r.warnings,
              Contains(AllOf(HasSubstr("TotalCPU"), HasSubstr("TZ=UTC sacct -a --format="), HasSubstr(",Start,"))));
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

class SlurmRecord : public Slurm {
 protected:
  SlurmRecord() {
    context_.provide<AccountSink>(ledger);
    context_.provide(std::make_shared<Location>(Location{dir.path().string()}));
  }
  SlurmOptions recorded(const std::string& place) {
    SlurmOptions o = options();
    o.record = true;
    o.site.place = place;
    return o;
  }
  std::map<std::string, Fact> facts() const {
    std::map<std::string, Fact> out;
    ledger->for_each({}, [&](const Row& row) { out[row.fact.labels.front().second] = row.fact; });
    return out;
  }
  tests::ScratchDir dir;
  std::shared_ptr<Ledger> ledger = Ledger::open(dir.path(), OpenMode::write);
};

TEST_F(SlurmRecord, EachJobOnce) {
  EXPECT_THAT(run(recorded("FR")).title, HasSubstr("2 new, 0 known"));
  const Result again = run(recorded("FR"));
  EXPECT_THAT(again.title, HasSubstr("0 new, 2 known"));
  EXPECT_THAT(again.warnings, testing::Not(Contains(HasSubstr("--changed"))));
  EXPECT_EQ(ledger->size(), 2);
  const Fact f = facts().at("101");
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

TEST_F(SlurmRecord, AChangedJobIsNamedCorrectedOrRefused) {
  run(recorded("DE"));
  const Result kept = run(recorded("FR"));
  EXPECT_THAT(kept.title, HasSubstr("0 new, 2 known"));
  EXPECT_THAT(kept.warnings, Contains(AllOf(HasSubstr("2 known jobs"), HasSubstr("slurm:small:101:"),
                                            HasSubstr("place DE there, FR here"), HasSubstr("--changed correct"))));
  EXPECT_EQ(facts().at("101").place, "DE");
  SlurmOptions o = recorded("FR");
  o.changed = imports::Changed::refuse;
  EXPECT_THAT(message(o), AllOf(HasSubstr("job 101"), HasSubstr("place DE there"), HasSubstr("--changed correct")));
  EXPECT_EQ(ledger->size(), 2);
  o.changed = imports::Changed::correct;
  EXPECT_THAT(run(o).title, HasSubstr("0 new, 0 known, 2 corrected"));
  EXPECT_EQ(facts().at("101").place, "FR");
  EXPECT_EQ(facts().size(), 2u) << "each counts once";
  EXPECT_THAT(run(o).title, HasSubstr("0 new, 2 known")) << "nothing is left to correct";
  EXPECT_EQ(ledger->size(), 4);

  // Another cluster description is another energy; of what is the same nothing is corrected.
  o.cluster = InputFile::from_bytes("cluster.yaml",
                                    "institution: E\ncluster_name: small\ngranularity_memory_request: 4\n"
                                    "partitions:\n  cpu: {type: CPU, TDP: 15}\n"
                                    "  gpu: {type: GPU, TDP: 300, TDP_CPU: 4.4}\nPUE: 1.4\nCI: 231.12\n");
  const Result energy = run(o);
  EXPECT_THAT(energy.title, HasSubstr("0 new, 1 known, 1 corrected"));
  EXPECT_GT(facts().at("101").energy.value().in(units::kWh), 1.5 * cpu_job);
  EXPECT_TRUE(ledger->verify().holds);
}

TEST_F(SlurmRecord, ARetractedJobStaysSoUntilItIsRestored) {
  run(recorded("DE"));
  const std::string uid = facts().at("101").uid;
  ledger->retract(uid, "a trial");
  SlurmOptions o = recorded("FR");
  o.changed = imports::Changed::correct;
  const Result r = run(o);
  EXPECT_THAT(r.title, HasSubstr("0 new, 1 known, 1 corrected"));
  EXPECT_THAT(r.warnings, Contains(AllOf(HasSubstr("1 known job was retracted"), HasSubstr(uid),
                                         HasSubstr("--retracted restore"))));
  EXPECT_EQ(facts().size(), 1u);
  o.retracted = imports::Retracted::restore;
  EXPECT_THAT(run(o).title, HasSubstr("0 new, 1 known, 1 restored"));
  EXPECT_EQ(facts().at("101").place, "FR");
  EXPECT_NEAR(facts().at("101").energy.value().in(units::kWh), cpu_job, 1e-12);
  double sum = 0;
  ledger->for_each_subtotal({}, [&](const Subtotal& s) { sum += static_cast<double>(s.rows); });
  EXPECT_EQ(sum, 2) << "also in the sums by the hour";
  // Retracted and restored once more.
  ledger->retract(facts().at("101").uid, "again");
  EXPECT_THAT(run(o).title, HasSubstr("1 known, 1 restored"));
  EXPECT_EQ(facts().size(), 2u);
  EXPECT_TRUE(ledger->verify().holds);
}

TEST_F(SlurmRecord, WhatWasPutRightByHandStays) {
  run(recorded("DE"));
  Fact f = facts().at("101");
  const std::string uid = f.uid;
  f.uid.clear();
  f.place = "ES";
  f.labels.emplace_back("reason", "it ran in Madrid");
  ledger->correct(uid, f);
  SlurmOptions o = recorded("FR");
  o.changed = imports::Changed::correct;
  const Result r = run(o);
  EXPECT_THAT(r.title, HasSubstr("0 new, 1 known, 1 corrected"));
  EXPECT_THAT(to_text(r), HasSubstr("1 known job was put right by hand"));
  EXPECT_EQ(facts().at("101").place, "ES");
}

TEST_F(SlurmRecord, TheZoneOfTheLogMovesTimesButNoNames) {
  run(recorded("FR"));
  SlurmOptions o = recorded("FR");
  o.time_zone = "+02:00";
  const Result r = run(o);
  EXPECT_THAT(r.title, HasSubstr("0 new, 2 known")) << "the same jobs";
  EXPECT_THAT(r.warnings, Contains(HasSubstr("begin 2026-03-02T09:00:00Z there, 2026-03-02T07:00:00Z here")));
  o.changed = imports::Changed::correct;
  run(o);
  EXPECT_EQ(to_string(facts().at("101").begin), "2026-03-02T07:00:00Z");
  o.time_zone = "Mars/Olympus";
  EXPECT_THAT(message(o), HasSubstr("time-zone"));
  // A time that names its zone is of that zone.
  SlurmOptions z = options("JobID|Submit|Elapsed|NCPUS|State\n7|2026-03-02T09:00:00Z|01:00:00|10|COMPLETED\n");
  z.time_zone = "+02:00";
  z.tables = SlurmTables::jobs;
  EXPECT_THAT(to_csv(run(z)), HasSubstr("2026-03-02T09:00:00Z"));
}

TEST_F(SlurmRecord, ALogWithoutAWholeLineIsRefused) {
  SlurmOptions o = recorded("FR");
  o.log = InputFile::from_bytes("log.txt", header + "ann|101|cut\n||101.batch\n");
  EXPECT_THAT(message(o), AllOf(HasSubstr("log.txt:2"), HasSubstr("3 of 16 columns"), HasSubstr("TZ=UTC sacct -a")));
  EXPECT_EQ(ledger->size(), 0);
  o.log = InputFile::from_bytes("log.txt", header);
  EXPECT_THAT(run(o).title, HasSubstr("0 new, 0 known")) << "a month without jobs is none the worse";
}

TEST_F(SlurmRecord, ACloudRegionIsAPlace) {
  context_.provide(catalog::Catalog::load());
  const Result r = run(recorded("aws/eu-west-1"));
  EXPECT_EQ(facts().at("101").place, "aws/eu-west-1");
  EXPECT_NEAR(r.find_estimate("carbon")->measure.value, run(recorded("IE")).find_estimate("carbon")->measure.value,
              1e-9);
  EXPECT_THAT(message(recorded("aws/eu-west-99")), HasSubstr("aws"));
}

TEST_F(Slurm, UnknownNamesComeWithNeighbours) {
  SlurmOptions o = options(log_text, false);
  o.site.place = "Atlantis-on-Sea";
  EXPECT_THAT(message(o), HasSubstr("wattline catalog places"));
  o = options(log_text, false);
  o.hardware.cpu = "AMD EPYC 9999X Turbo Edition";
  EXPECT_THAT(message(o), AllOf(HasSubstr("unknown CPU"), HasSubstr("EPYC")));
}

TEST_F(Slurm, OfManyJobsTheLargestAreShown) {
  std::string many = header;
  for (int i = 0; i < 60; ++i)
    many +=
        fmt::format("ann|{}|a|2026-03-02T09:00:00|02:00:00|cpu|1|16|00:00:00|1-08:00:00|0n||/|COMPLETED|bio|\n", i + 1);
  SlurmOptions o = options(many);
  const Result r = run(o);
  const Table* jobs = r.find_table("ledger.slurm.jobs.v1");
  EXPECT_EQ(jobs->rows(), 20u);
  EXPECT_THAT(jobs->caption, HasSubstr("40 more: --jobs 60"));
  o.tables = SlurmTables::jobs;
  EXPECT_EQ(run(o).find_table("ledger.slurm.jobs.v1")->rows(), 60u);
  o.jobs = 7;
  EXPECT_EQ(run(o).find_table("ledger.slurm.jobs.v1")->rows(), 7u);
}

TEST_F(Slurm, RecordingWithoutAnAccountIsAnError) {
  SlurmOptions o = options();
  o.record = true;
  EXPECT_THAT(message(o), HasSubstr("--record"));
  o.record = false;
  o.changed = imports::Changed::correct;
  EXPECT_THAT(message(o), HasSubstr("add --record"));
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

// What was given of the site is kept with its jobs, and the report agrees with what was printed.
TEST_F(SlurmRecord, TheGivenPueIsKept) {
  context_.provide(catalog::Catalog::load());
  SlurmOptions o = recorded("FR");
  const Result printed = run(o);
  EXPECT_THAT(to_text(printed), HasSubstr("the PUE that was given"));
  EXPECT_EQ(site_of(facts().at("101")), (RowSite{"FR", 1.4})) << "of the cluster file";
  ReportOptions report_options;
  report_options.site.pue = 3;
  const Measure m = report(report_options, context_).find_estimate("facility_energy")->measure;
  EXPECT_NEAR(m.value * parse_unit(m.unit).scale / units::kWh.base(), energy(printed), 1e-9);

  // Recorded before without one, or with another: told, and put right when that is asked for.
  o.site.pue = 1.2;
  const Result other = run(o);
  EXPECT_THAT(other.title, HasSubstr("0 new, 2 known"));
  EXPECT_THAT(other.warnings, Contains(HasSubstr("labels pue=1.4 there, pue=1.2 here")));
  o.changed = imports::Changed::correct;
  EXPECT_THAT(run(o).title, HasSubstr("0 new, 0 known, 2 corrected"));
  EXPECT_EQ(site_of(facts().at("101")).pue, 1.2);
  EXPECT_THAT(run(o).title, HasSubstr("0 new, 2 known"));
  EXPECT_TRUE(ledger->verify().holds);
}

TEST_F(SlurmRecord, NoPueIsKeptWhereNoneWasGiven) {
  SlurmOptions o = options(log_text, false);
  o.record = true;
  o.site.place = "FR";
  EXPECT_THAT(to_text(run(o)), HasSubstr("no PUE, since none was given"));
  EXPECT_EQ(site_of(facts().at("101")).pue, 0);
  o.site.pue = 1.3;
  EXPECT_THAT(run(o).warnings, Contains(HasSubstr("labels none there, pue=1.3 here")));
  EXPECT_EQ(site_of(facts().at("101")).pue, 0) << "until it is asked for";
}

TEST_F(SlurmRecord, ALogWithoutTimesRecordsNothingAndSaysSo) {
  SlurmOptions o = options("JobID|Elapsed|NCPUS\n7|01:00:00|10\n8|01:00:00|10\n");
  EXPECT_THAT(run(o).warnings, Contains(HasSubstr("2 jobs: neither Submit nor Start")));
  o.record = true;
  EXPECT_THAT(message(o), AllOf(HasSubstr("2 jobs in the log"), HasSubstr("neither Submit nor Start"),
                                HasSubstr("nothing was recorded"), HasSubstr("sacct")));
  EXPECT_EQ(ledger->size(), 0);
  // One of them has a time: it is recorded, the other is told of.
  o.log = InputFile::from_bytes(
      "log.txt", "JobID|Elapsed|NCPUS|Start\n7|01:00:00|10|Unknown\n8|01:00:00|10|2026-11-02T10:00:00\n");
  const Result r = run(o);
  EXPECT_THAT(r.title, HasSubstr("1 new"));
  EXPECT_THAT(r.warnings, Contains(HasSubstr("1 job: neither Submit nor Start: without a time none is recorded")));
}

TEST_F(SlurmRecord, SealedJobsAreNeitherComparedNorChanged) {
  run(recorded("DE"));
  ledger->seal(Time::now());
  SlurmOptions o = recorded("FR");
  o.changed = imports::Changed::correct;
  const Result r = run(o);
  EXPECT_THAT(r.title, HasSubstr("0 new, 2 known"));
  EXPECT_THAT(to_text(r), HasSubstr("2 known jobs are sealed: not compared"));
}

}  // namespace
}  // namespace wattline::ledger
