// The capability as the command line calls it, on made-up machines.
#include "meter/run.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "kernel/account.h"
#include "kernel/error.h"
#include "meter/fake_tree.h"
#include "meter/host_power.h"
#include "meter/sources.h"

namespace wattline::meter {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

struct Notebook : AccountSink {
  std::vector<Fact> facts;
  bool full = false;
  std::string record(const Fact& f) override {
    if (full) throw world_error("no space left", "ledger");
    facts.push_back(f);
    return "uid-1";
  }
  void record_all(std::span<const Fact> all) override { facts.insert(facts.end(), all.begin(), all.end()); }
};

class Run : public testing::Test {
 protected:
  Run() {
    ::setenv("WATTLINE_SYSFS_ROOT", tree.roots().sys.c_str(), 1);
    ::setenv("WATTLINE_PROCFS_ROOT", tree.roots().proc.c_str(), 1);
    ::setenv("WATTLINE_NVML_LIBRARY", "/no/such/library.so", 1);
    context.provide(catalog::Catalog::load());
    context.provide<AccountSink>(book);
  }
  ~Run() override {
    for (const char* name : {"WATTLINE_SYSFS_ROOT", "WATTLINE_PROCFS_ROOT", "WATTLINE_NVML_LIBRARY", "FAKE_NVML"})
      ::unsetenv(name);
  }
  Result run(const std::vector<std::string>& words) {
    const Capability c = run_capability();
    return c.run(options_from_arguments(c, words).get(), context);
  }
  std::string file(const std::string& name) const { return tree.path(name).string(); }

  tests::FakeTree tree;
  Context context;
  std::shared_ptr<Notebook> book = std::make_shared<Notebook>();
};

TEST_F(Run, WithoutCountersEverythingIsModelledAndSaysSoOnce) {
  const Result r = run({"--place", "FR", "--", "sh", "-c", "i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done"});
  EXPECT_EQ(r.exit_code, 0);
  ASSERT_TRUE(r.find_estimate("cpu"));
  EXPECT_EQ(r.find_estimate("cpu")->measure.method, Method::modelled);
  EXPECT_GT(r.find_estimate("energy")->measure.value, 0);
  EXPECT_GT(r.find_estimate("energy")->measure.interval.high, r.find_estimate("energy")->measure.value);
  EXPECT_TRUE(r.find_estimate("carbon"));
  EXPECT_TRUE(r.find_estimate("water"));
  EXPECT_EQ(r.find_estimate("duration")->measure.method, Method::measured);
  const std::string text = to_text(r);
  EXPECT_EQ(text.find("No counter"), text.rfind("No counter"));
  EXPECT_NE(text.find("No counter"), std::string::npos);
}

// The command itself moves the counter, as its work would.
TEST_F(Run, CountersGiveTheEnergyThroughAWrap) {
  tree.zone("intel-rapl:0", "package-0", "262143000000");
  tree.zone("intel-rapl:0:0", "core", "100");
  tree.zone("intel-rapl:0:1", "dram", "1000000");
  tree.zone("intel-rapl:1", "psys", "5000000");
  const std::string caps = file("sys/class/powercap/");
  // 0.32885 J to the end of the range and 2 J beyond it; memory 0.5 J.
  const Result r = run({"--", "sh", "-c",
                        "sleep 0.3; printf '2000000\\n' >" + caps + "intel-rapl:0/energy_uj; printf '1500000\\n' >" +
                            caps + "intel-rapl:0:1/energy_uj"});
  ASSERT_TRUE(r.find_estimate("package-0"));
  EXPECT_EQ(r.find_estimate("package-0")->measure.method, Method::measured);
  EXPECT_NEAR(r.find_estimate("package-0")->measure.value, 2.32885, 0.0024);
  ASSERT_TRUE(r.find_estimate("dram"));
  EXPECT_EQ(r.find_estimate("energy")->measure.method, Method::measured);
  EXPECT_NEAR(r.find_estimate("energy")->measure.value, 2.82885, 0.0029);
  EXPECT_FALSE(r.find_estimate("core"));
  EXPECT_FALSE(r.find_estimate("psys"));
  EXPECT_THAT(to_text(r), HasSubstr("whole machine"));
}

TEST_F(Run, AGraphicsCardIsAddedToTheModelledProcessor) {
  ::setenv("WATTLINE_NVML_LIBRARY", WATTLINE_FAKE_NVML, 1);
  ::setenv("FAKE_NVML", "p", 1);
  const Result r = run({"--", "sleep", "0.6"});
  ASSERT_TRUE(r.find_estimate("gpu-0"));
  EXPECT_EQ(r.find_estimate("gpu-0")->measure.method, Method::measured);
  EXPECT_EQ(r.find_estimate("cpu")->measure.method, Method::modelled);
  EXPECT_EQ(r.find_estimate("energy")->measure.method, Method::modelled) << "a sum is as good as its worst part";
  const double seconds = r.find_estimate("duration")->measure.value;
  EXPECT_GE(r.find_estimate("gpu-0")->measure.value, 250 * 0.6 * 0.99);
  EXPECT_GE(seconds, 0);
}

TEST_F(Run, IdlePowerIsSubtractedOnlyWhenAsked) {
  ::setenv("WATTLINE_NVML_LIBRARY", WATTLINE_FAKE_NVML, 1);
  ::setenv("FAKE_NVML", "p", 1);
  const Result r = run({"--idle-before", "0.6", "--", "sleep", "0.6"});
  const Measure& left = r.find_estimate("gpu-0")->measure;
  EXPECT_NEAR(left.value * unit_scale(left.unit), 0, 5) << "it draws 250 W before as during the run";
  EXPECT_THAT(r.warnings, Contains(HasSubstr("idle power")));
}

TEST_F(Run, AMeterThatIsSilentIsAGapWithItsReason) {
  tree.put("config.toml",
           "[[meter.source]]\nname = \"desk\"\ntype = \"upsc\"\nfile = \"" + file("none.txt") +
               "\"\n[[meter.source]]\nname = \"socket\"\ntype = \"upsc\"\nmeasures = \"cpu\"\nfile = \"" +
               file("none.txt") + "\"\n");
  ::setenv("WATTLINE_METER_CONFIG", file("config.toml").c_str(), 1);
  const Result r = run({"--", "sleep", "0.05"});
  ::unsetenv("WATTLINE_METER_CONFIG");
  EXPECT_THAT(r.warnings, Contains(AllOf(HasSubstr("desk: nothing of"), HasSubstr("none.txt"))));
  EXPECT_THAT(r.warnings, Contains(HasSubstr("socket: nothing of")));
  EXPECT_FALSE(r.find_estimate("socket"));
  ASSERT_TRUE(r.find_estimate("cpu")) << "the model stands in";
  const Table* components = r.find_table("Components");
  ASSERT_TRUE(components);
  const auto& names = components->column("component").texts();
  const auto desk = static_cast<std::size_t>(std::find(names.begin(), names.end(), "desk") - names.begin());
  ASSERT_LT(desk, names.size());
  EXPECT_TRUE(std::isnan(components->column("energy").numbers()[desk])) << "a gap and no zero";
}

TEST_F(Run, AReplayedTraceIsNoFact) {
  const std::string trace = file("trace.csv");
  std::ofstream(trace) << "time,component,power\n";
  ::setenv("WATTLINE_REPLAY", trace.c_str(), 1);
  const Result r = run({"--", "true"});
  ::unsetenv("WATTLINE_REPLAY");
  EXPECT_TRUE(book->facts.empty());
  EXPECT_THAT(r.warnings, Contains(HasSubstr("replayed trace")));
}

TEST_F(Run, TheRunIsAFact) {
  run({"--place", "FR", "--label", "project=thesis", "--label", "note=a=b", "--", "/bin/sh", "-c", "exit 3"});
  ASSERT_EQ(book->facts.size(), 1u);
  const Fact& f = book->facts[0];
  EXPECT_EQ(f.kind, "run");
  EXPECT_EQ(f.place, "FR");
  EXPECT_THAT(f.labels, Contains(Pair("project", "thesis")));
  EXPECT_THAT(f.labels, Contains(Pair("note", "a=b")));
  EXPECT_THAT(f.labels, Contains(Pair("command", "sh"))) << "never its arguments: they may hold secrets";
  EXPECT_GE(f.end, f.begin);
  EXPECT_FALSE(f.device.empty());
  run({"--no-record", "--", "true"});
  EXPECT_EQ(book->facts.size(), 1u);
  EXPECT_THAT(run({"--", "true"}).warnings, Contains(HasSubstr("no place given")));
  EXPECT_EQ(book->facts.at(1).place, "") << "the average that stands in is no fact";
  run({"--place", "WORLD", "--", "true"});
  EXPECT_EQ(book->facts.at(2).place, "WORLD");
}

TEST_F(Run, PhasesAddUpToTheRun) {
  const Result r = run({"--", "sh", "-c",
                        "echo begin work >&$WATTLINE_PHASE_FD; i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done;"
                        "echo end work >&$WATTLINE_PHASE_FD; echo mark rest >&$WATTLINE_PHASE_FD; sleep 0.2; echo bah "
                        ">&$WATTLINE_PHASE_FD"});
  const Table* phases = r.find_table("run.phases.v1");
  ASSERT_TRUE(phases);
  EXPECT_EQ(phases, r.find_table("Phases"));
  EXPECT_EQ(phases->column("phase").texts().at(0), "work");
  EXPECT_EQ(phases->column("phase").texts().at(1), "rest");
  double sum = 0;
  for (const double joules : phases->column("energy").numbers()) sum += joules;
  EXPECT_NEAR(sum, r.find_estimate("energy")->measure.value, 1e-6 * sum);
  EXPECT_GT(phases->column("energy").numbers()[0], phases->column("energy").numbers()[1]) << "the second one slept";
  EXPECT_GT(phases->column("time").numbers()[1], 0) << "from when the mark was seen";
  EXPECT_THAT(r.warnings, Contains(HasSubstr("'bah'")));
  EXPECT_THAT(to_csv(r), HasSubstr("phase,times"));
  ASSERT_EQ(book->facts.size(), 1u);
  EXPECT_THAT(book->facts[0].labels, Contains(Pair("phases", HasSubstr("work "))));
}

TEST_F(Run, PhasesFollowACounter) {
  tree.zone("intel-rapl:0", "package-0", "1000000");
  const std::string counter = file("sys/class/powercap/intel-rapl:0/energy_uj");
  const Result r =
      run({"--", "sh", "-c",
           "sleep 0.05; echo begin a >&$WATTLINE_PHASE_FD; sleep 0.1; printf '4000000\n' >" + counter +
               "; sleep 0.05; echo end a >&$WATTLINE_PHASE_FD; sleep 0.1; printf '5000000\n' >" + counter});
  const Table* phases = r.find_table("run.phases.v1");
  ASSERT_TRUE(phases);
  EXPECT_NEAR(r.find_estimate("package-0")->measure.value, 4, 0.01);
  EXPECT_NEAR(phases->column("energy").numbers()[0], 3, 0.2);
}

TEST_F(Run, ANarrowTerminalAndMuchOutput) {
  const Result r =
      run({"--", "sh", "-c", "echo mark a >&$WATTLINE_PHASE_FD; head -c 5000000 /dev/zero >/dev/null; sleep 0.02"});
  for (const int width : {1, 20, 40, 80}) EXPECT_THAT(to_text(r, width), HasSubstr("Duration"));
  EXPECT_THAT(to_html(r), HasSubstr("Phases"));
}

TEST_F(Run, SignalsMayMarkPhasesToo) {
  const Result r =
      run({"--phase-signal", "--", "sh", "-c", "kill -USR1 $PPID; sleep 0.05; kill -USR1 $PPID; sleep 0.05"});
  ASSERT_TRUE(r.find_table("run.phases.v1"));
  EXPECT_THAT(r.find_table("run.phases.v1")->column("phase").texts(), Contains("phase 2"));
  EXPECT_FALSE(run({"--", "true"}).find_table("run.phases.v1"));
}

TEST_F(Run, AGivenPueIsKeptWithTheRun) {
  run({"--pue", "1.2", "--", "true"});
  run({"--pue", "1.2", "--label", "pue=1.3", "--", "true"});
  run({"--", "true"});
  ASSERT_EQ(book->facts.size(), 3u);
  EXPECT_THAT(book->facts[0].labels, Contains(Pair("pue", "1.2")));
  EXPECT_THAT(book->facts[1].labels, AllOf(Contains(Pair("pue", "1.3")), Not(Contains(Pair("pue", "1.2")))));
  EXPECT_THAT(book->facts[2].labels, Not(Contains(Pair("pue", testing::_))));
}

TEST_F(Run, AFullAccountCostsNeitherReportNorExitCode) {
  book->full = true;
  const Result r = run({"--", "sh", "-c", "exit 5"});
  EXPECT_EQ(r.exit_code, 5);
  EXPECT_THAT(r.warnings, Contains(HasSubstr("not recorded")));
  EXPECT_TRUE(r.find_estimate("energy"));
}

TEST_F(Run, WhatIsNoCommandIsNoRun) {
  const Result r = run({"--", "no-such-command-anywhere"});
  EXPECT_EQ(r.exit_code, 127);
  EXPECT_THAT(to_text(r), HasSubstr("no such command"));
  EXPECT_TRUE(book->facts.empty());
}

TEST_F(Run, MistakesAreFoundBeforeTheCommandRuns) {
  const std::string witness = file("witness");
  const std::vector<std::string> command = {"--", "touch", witness};
  const auto refused = [&](std::vector<std::string> words) {
    words.insert(words.end(), command.begin(), command.end());
    EXPECT_THROW(run(words), Error) << words[1];
    EXPECT_FALSE(fs::exists(witness)) << words[1];
  };
  refused({"--label", "thesis"});
  refused({"--label", "=x"});
  refused({"--label", "a=1", "--label", "a=2"});
  refused({"--place", "Atlantis"});
  refused({"--series", file("no/such/folder/x.csv")});
  refused({"--series", file("sys")});
  refused({"--interval", "0"});
  EXPECT_THROW(run({}), Error);
  EXPECT_THROW(run({"--"}), Error);
}

TEST_F(Run, TheCommandsOwnOptionsAreItsOwn) {
  EXPECT_EQ(run({"sh", "-c", "test \"$1\" = --label", "x", "--label"}).exit_code, 0);
}

TEST_F(Run, TheSeriesIsWrittenWhole) {
  tree.zone("intel-rapl:0", "package-0", "1000000");
  run({"--series", file("power.csv"), "--interval", "0.02", "--", "sleep", "0.1"});
  std::ifstream f(file("power.csv"));
  std::string heading, row;
  std::getline(f, heading);
  EXPECT_THAT(heading, HasSubstr("component"));
  EXPECT_TRUE(std::getline(f, row));
  EXPECT_FALSE(fs::exists(file("power.csv.part")));
  run({"--series", "/dev/null", "--", "true"});
  EXPECT_FALSE(fs::is_regular_file("/dev/null"));
}

TEST_F(Run, SourcesSayWhatIsHereAndWhatIsNot) {
  const Capability c = sources_capability();
  const auto look = [&] { return to_text(c.run(options_from_arguments(c, {"--watch", "0.05"}).get(), context)); };
  EXPECT_THAT(look(), HasSubstr("there is no"));
  EXPECT_THAT(look(), HasSubstr("needs"));
  EXPECT_THAT(look(), HasSubstr("Imaginary 9000"));
  tree.zone("intel-rapl:0", "package-0", "1000000");
  EXPECT_THAT(look(), HasSubstr("package-0"));
  EXPECT_THAT(look(), HasSubstr("The processor is measured"));
}

TEST_F(Run, HostPowerIsModelledWithoutCountersAndSaysWhy) {
  const auto host = HostPower::detect(context.get<catalog::Catalog>());
  EXPECT_EQ(host->method(), Method::modelled);
  EXPECT_EQ(host->device(), "Imaginary 9000");
  EXPECT_THAT(host->explanation(), HasSubstr("there is no"));
  EXPECT_FALSE(host->sources().empty());
  const auto second = host->energy_of_cpu_time(Duration(1)), hour = host->energy_of_cpu_time(Duration(3600));
  EXPECT_GT(second.value().base(), 0);
  EXPECT_NEAR(hour.value().base(), 3600 * second.value().base(), 1e-6 * hour.value().base());
  EXPECT_LT(second.low(), second.value());
  EXPECT_GT(second.high(), second.value());
  EXPECT_EQ(host->energy_of_cpu_time(Duration(-1)).value(), Energy(0));
  EXPECT_EQ(host->energy_of_cpu_time(Duration(std::nan(""))).value(), Energy(0));
}

TEST_F(Run, HostPowerKnowsTheCatalogsProcessors) {
  tree.put("proc/cpuinfo", "model name\t: Intel(R) Xeon(R) CPU E5-2683 v4 @ 2.10GHz\nsiblings\t: 8\ncpu cores\t: 4\n");
  const auto& catalog = context.get<catalog::Catalog>();
  const auto* row = catalog.find_device("Intel(R) Xeon(R) CPU E5-2683 v4 @ 2.10GHz");
  if (!row) GTEST_SKIP() << "the catalog has no such row";
  EXPECT_EQ(HostPower::detect(catalog)->device(), row->name);
}

TEST_F(Run, HostPowerIsMeasuredWithCounters) {
  tree.zone("intel-rapl:0", "package-0", "1000000");
  tree.zone("intel-rapl:0:1", "dram", "1000000");
  const auto host = HostPower::detect(context.get<catalog::Catalog>());
  EXPECT_EQ(host->method(), Method::measured);
  EXPECT_EQ(host->sources().size(), 1u) << "the packages alone";
  EXPECT_GT(host->energy_of_cpu_time(Duration(1)).value().base(), 0);
  // 100 J while 8 threads are busy for a second.
  std::this_thread::sleep_for(std::chrono::milliseconds(1050));
  tree.set_energy("intel-rapl:0", "101000000");
  tree.put("proc/stat", "cpu 900 0 100 1000 0 0 0 0 0 0\n");
  const auto second = host->energy_of_cpu_time(Duration(1));
  EXPECT_EQ(second.method(), Method::measured);
  EXPECT_NEAR(second.value().base(), 100.0 / 8, 1.5);  // less a little idle power
}

}  // namespace
}  // namespace wattline::meter
