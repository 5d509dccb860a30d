// The capability as the command line calls it, on made-up machines.
#include "meter/run.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "catalog/catalog.h"
#include "kernel/account.h"
#include "kernel/error.h"
#include "kernel/units.h"
#include "meter/fake_tree.h"
#include "meter/host_power.h"
#include "meter/proc_files.h"
#include "meter/sources.h"
#include "meter/traces/integrate.h"

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

std::uint64_t start_of(int pid) {
  const auto text = read_small_file(fmt::format("/proc/{}/stat", pid), 4096);
  return parse_process_stat(text.value_or("")).value_or(ProcessStat{}).start_ticks;
}

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

// Of the table of components; nothing where there is no such row or it was not read.
struct Component {
  double joules = 0;
  std::string method, counted;
};
std::optional<Component> component(const Result& r, const std::string& name) {
  const Table* t = r.find_table("run.components.v1");
  for (std::size_t i = 0; t && i < t->rows(); ++i)
    if (t->column("component").texts()[i] == name && !std::isnan(t->column("energy").numbers()[i]))
      return Component{t->column("energy").numbers()[i], t->column("method").texts()[i],
                       t->column("counted").texts()[i]};
  return std::nullopt;
}
double base_value(const EstimateBlock* e) { return e->measure.value * unit_scale(e->measure.unit); }

TEST_F(Run, WithoutCountersEverythingIsModelledAndSaysSoOnce) {
  const Result r = run({"--place", "FR", "--", "sh", "-c", "i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done"});
  EXPECT_EQ(r.exit_code, 0);
  ASSERT_TRUE(component(r, "cpu"));
  EXPECT_EQ(component(r, "cpu")->method, "modelled");
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
  ASSERT_TRUE(component(r, "package-0"));
  EXPECT_EQ(component(r, "package-0")->method, "measured");
  EXPECT_NEAR(component(r, "package-0")->joules, 2.32885, 0.0024);
  ASSERT_TRUE(component(r, "dram"));
  EXPECT_EQ(r.find_estimate("energy")->measure.method, Method::measured);
  EXPECT_NEAR(r.find_estimate("energy")->measure.value, 2.82885, 0.0029);
  EXPECT_FALSE(component(r, "core") && component(r, "core")->counted == "yes");
  EXPECT_FALSE(component(r, "psys") && component(r, "psys")->counted == "yes");
  EXPECT_THAT(to_text(r), HasSubstr("whole machine"));
}

// Half of the run is not read: that half is no zero.
TEST_F(Run, AGapIsFilledInAndSaysSo) {
  tree.zone("intel-rapl:0", "package-0", "1000000");
  tree.zone("intel-rapl:0:1", "dram", "1000000");
  const std::string zone = file("sys/class/powercap/intel-rapl:0");
  const Result r =
      run({"--interval", "0.02", "--", "sh", "-c",
           "sleep 0.2; echo 9000000 >" + zone + "/energy_uj; sleep 0.3; : >" + zone + "/energy_uj; sleep 0.5"});
  const Table* t = r.find_table("Components");
  ASSERT_TRUE(t && r.find_estimate("power"));
  const double seconds = base_value(r.find_estimate("duration")), mean = t->column("mean").numbers()[0];
  EXPECT_GT(base_value(r.find_estimate("energy")), 8 * 1.2) << "8 J were read in about half of the time";
  EXPECT_NEAR(base_value(r.find_estimate("energy")), mean * seconds, 0.05 * mean * seconds);
  EXPECT_NEAR(base_value(r.find_estimate("power")), mean, 0.01 * mean);
  EXPECT_EQ(r.find_estimate("energy")->measure.method, Method::modelled) << "half of it is";
  EXPECT_LT(r.find_estimate("energy")->measure.interval.low, 0.8 * r.find_estimate("energy")->measure.value);
  EXPECT_THAT(r.warnings, Contains(AllOf(HasSubstr("package-0"), HasSubstr("not read, filled in at the mean"))));
  EXPECT_THAT(r.warnings, Not(Contains(HasSubstr("nothing is put"))));
  ASSERT_EQ(book->facts.size(), 1u);
  EXPECT_THAT(book->facts[0].labels, Contains(Pair("missing_s", testing::_)));
  EXPECT_NEAR(book->facts[0].energy.value().base(), mean * seconds, 0.05 * mean * seconds);
}

TEST_F(Run, AModelledPartThatMattersIsTold) {
  tree.zone("intel-rapl:0:1", "dram", "1000000");
  tree.zone("intel-rapl:0", "package-0", "1000000");
  const std::string zone = file("sys/class/powercap/intel-rapl:0/energy_uj");
  // Two thousandths of a joule measured, beside the memory of the command that nothing measures.
  const Result r = run({"--", "sh", "-c", "sleep 0.2; printf '1002000\\n' >" + zone});
  EXPECT_EQ(component(r, "package-0").value().method, "measured");
  EXPECT_EQ(component(r, "memory").value().method, "modelled");
  EXPECT_EQ(r.find_estimate("energy")->measure.method, Method::modelled);
  EXPECT_THAT(r.find_estimate("energy")->note, HasSubstr("of it modelled"));
}

TEST_F(Run, AGraphicsCardIsAddedToTheModelledProcessor) {
  ::setenv("WATTLINE_NVML_LIBRARY", WATTLINE_FAKE_NVML, 1);
  ::setenv("FAKE_NVML", "p", 1);
  const Result r = run({"--", "sleep", "0.6"});
  ASSERT_TRUE(component(r, "gpu-0"));
  EXPECT_EQ(component(r, "gpu-0")->method, "measured");
  EXPECT_EQ(component(r, "cpu")->method, "modelled");
  // The command slept: of the joules the modelled part is too small to matter, and the words tell it.
  const EstimateBlock* energy = r.find_estimate("energy");
  EXPECT_EQ(energy->measure.method, Method::measured);
  EXPECT_THAT(energy->note, testing::ContainsRegex("[0-9.]+ % of it modelled"));
  ASSERT_EQ(book->facts.size(), 1u);
  EXPECT_EQ(book->facts[0].energy.method(), Method::measured);
  EXPECT_THAT(book->facts[0].labels, Contains(Pair("modelled_share", HasSubstr(" %"))));
  // The sensor says 250 W all the time.
  const double joules = 250 * base_value(r.find_estimate("duration"));
  EXPECT_GE(component(r, "gpu-0")->joules, 250 * 0.6 * 0.99);
  EXPECT_NEAR(component(r, "gpu-0")->joules, joules, 0.2 * joules);
}

TEST_F(Run, IdlePowerIsSubtractedOnlyWhenAsked) {
  ::setenv("WATTLINE_NVML_LIBRARY", WATTLINE_FAKE_NVML, 1);
  ::setenv("FAKE_NVML", "p", 1);
  const Result r = run({"--idle-before", "0.6", "--", "sleep", "0.6"});
  EXPECT_NEAR(component(r, "gpu-0").value().joules, 0, 5) << "it draws 250 W before as during the run";
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
  EXPECT_FALSE(component(r, "socket"));
  ASSERT_TRUE(component(r, "cpu")) << "the model stands in";
  const Table* components = r.find_table("Components");
  ASSERT_TRUE(components);
  const auto& names = components->column("component").texts();
  const auto desk = static_cast<std::size_t>(std::find(names.begin(), names.end(), "desk") - names.begin());
  ASSERT_LT(desk, names.size());
  EXPECT_TRUE(std::isnan(components->column("energy").numbers()[desk])) << "a gap and no zero";
}

TEST_F(Run, CountersThatCannotBeRightAreDoubted) {
  tree.put("proc/cpuinfo",
           "model name\t: Intel(R) Xeon(R) CPU E3-1240 V2 @ 3.40GHz\nsiblings\t: 8\ncpu cores\t: 4\nflags\t: fpu\n");
  tree.zone("intel-rapl:0", "package-0", "1000000");
  const std::string counter = file("sys/class/powercap/intel-rapl:0/energy_uj"), stat = file("proc/stat");
  // So much more each tenth of a second.
  const auto doubts = [&](const std::string& microjoules) {
    const std::string begin = "1000000";
    tree.set_energy("intel-rapl:0", begin);
    tree.put("proc/stat", "cpu 100 0 100 1000 0 0 0 0 0 0\n");
    return run({"--", "sh", "-c",
                "i=0; while [ $i -lt 12 ]; do sleep 0.1; i=$((i+1)); echo $((" + begin + "+i*" + microjoules + ")) >" +
                    counter + "; done; printf 'cpu 100100 0 100 1000 0 0 0 0 0 0\n' >" + stat})
        .warnings;
  };
  EXPECT_THAT(doubts("40000"), Contains(HasSubstr("cannot be right"))) << "next to nothing at full load";
  const auto usual = doubts("5000000");
  EXPECT_THAT(usual, Not(Contains(HasSubstr("cannot be right"))));
  EXPECT_THAT(usual, Not(Contains(HasSubstr("no such part"))));
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

// The outer one's row holds the inner one's joules.
TEST_F(Run, ARunInsideARunIsNoFact) {
  ::setenv("WATTLINE_RUN", fmt::format("{} {}", ::getppid(), start_of(::getppid())).c_str(), 1);
  const Result r = run({"--", "true"});
  const Result series = run({"--repeat", "2", "--", "true"});
  ::unsetenv("WATTLINE_RUN");
  EXPECT_TRUE(book->facts.empty());
  for (const Result* told : {&r, &series})
    EXPECT_THAT(told->warnings, Contains(HasSubstr("a part of the `wattline run` around it")));
  run({"--", "sh", "-c", "test -n \"$WATTLINE_RUN\""});
  EXPECT_EQ(book->facts.size(), 1u);
  EXPECT_EQ(run({"--", "sh", "-c", "test -n \"$WATTLINE_RUN\""}).exit_code, 0);
  EXPECT_EQ(run({"--no-record", "--", "sh", "-c", "test -n \"$WATTLINE_RUN\""}).exit_code, 1)
      << "nothing stands for the inner one there";
}

// A counter that stands still is no 0 J.
TEST_F(Run, ACounterThatNeverMovesIsNotRead) {
  tree.zone("intel-rapl:0", "package-0", "1000000");
  const Result r = run({"--", "sleep", "0.1"});
  EXPECT_FALSE(component(r, "package-0"));
  ASSERT_TRUE(component(r, "cpu")) << "the model stands in";
  EXPECT_EQ(r.find_estimate("energy")->measure.method, Method::modelled);
  EXPECT_THAT(r.warnings, Contains(AllOf(HasSubstr("package-0"), HasSubstr("did not move"))));
  EXPECT_THAT(to_text(r), Not(HasSubstr("whole machine")));
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
  EXPECT_NEAR(component(r, "package-0").value().joules, 4, 0.01);
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
  std::ofstream(file("script")) << "#!/no/such/interpreter\n";
  fs::permissions(file("script"), fs::perms::owner_all);
  const Result script = run({"--", file("script")});
  EXPECT_EQ(script.exit_code, 127);
  EXPECT_THAT(to_text(script), AllOf(HasSubstr("interpreter"), Not(HasSubstr("no such command"))));
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
  // What was modelled is in it as well, and it adds up to the energy.
  const Result r = run({"--series", file("all.csv"), "--interval", "0.02", "--", "sh", "-c",
                        "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 0.1; printf '3000000\\n' >" +
                            file("sys/class/powercap/intel-rapl:0/energy_uj")});
  std::ifstream all(file("all.csv"));
  const std::string text((std::istreambuf_iterator<char>(all)), {});
  const PowerTrace trace = read_power_trace(text, "all.csv");
  double joules = 0;
  for (const auto& c : trace.channels) joules += channel_energy(c, {}, {}).energy.value().base();
  EXPECT_EQ(trace.channels.size(), 2u) << "the package, and the memory that nothing measures";
  EXPECT_NEAR(joules, base_value(r.find_estimate("energy")), 0.01 * joules);
  EXPECT_THAT(text, HasSubstr("energy model"));
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
