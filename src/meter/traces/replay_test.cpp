#include "meter/traces/replay.h"

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "catalog/catalog.h"
#include "kernel/command_testing.h"
#include "meter/capabilities.h"
#include "meter/fake_tree.h"
#include "meter/recorder.h"
#include "meter/traces/growing_trace.h"
#include "meter/traces/integrate.h"

namespace wattline::meter {
namespace {

const char* const ours =
    "time,component,power [W],source,method,kind\n2026-11-24T14:03:00Z,package-0,,rapl,measured,energy counter\n"
    "2026-11-24T14:03:00Z,gpu-0,200,nvml,measured,power sensor\n"
    "2026-11-24T14:03:10Z,package-0,50,rapl,measured,energy counter\n"
    "2026-11-24T14:03:10Z,gpu-0,300,nvml,measured,power sensor\n";

std::string file_text(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

class TraceCommands : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv("WATTLINE_SYSFS_ROOT", tree_.roots().sys.c_str(), 1);
    ::setenv("WATTLINE_PROCFS_ROOT", tree_.roots().proc.c_str(), 1);
    context_.provide(catalog::Catalog::load());
    std::ofstream(file("ours.csv")) << ours;
  }
  void TearDown() override {
    for (const char* name : {"WATTLINE_SYSFS_ROOT", "WATTLINE_PROCFS_ROOT", "WATTLINE_REPLAY", "WATTLINE_REPLAY_SPEED"})
      ::unsetenv(name);
  }
  std::string file(const std::string& name) const { return (dir_.path() / name).string(); }
  Result ask(const std::string& name, const std::vector<std::string>& words) {
    return wattline::tests::run_command(capabilities(), name, words, context_);
  }

  tests::FakeTree tree_;
  wattline::tests::ScratchDir dir_;
  Context context_;
};

TEST_F(TraceCommands, ReplayedSourcesStandInForTheMachines) {
  tree_.zone("intel-rapl:0", "package-0", "5000000");
  ::setenv("WATTLINE_REPLAY", file("ours.csv").c_str(), 1);
  ::setenv("WATTLINE_REPLAY_SPEED", "1000", 1);
  Found found = find_sources(tree_.roots());
  ASSERT_EQ(found.sources.size(), 2u);
  const SourceInfo& package = found.sources[0]->info();
  EXPECT_EQ(package.family, "replay");
  EXPECT_EQ(package.domain, Domain::cpu);
  EXPECT_EQ(package.kind, SourceKind::energy);
  EXPECT_EQ(found.sources[1]->info().domain, Domain::gpu);
  const double first = found.sources[0]->read().value();
  double last = first;
  for (int i = 0; i < 2000 && last < first + 1000; ++i) {  // more than one round of 500 J
    const auto now = found.sources[0]->read();
    ASSERT_TRUE(now);
    EXPECT_GE(*now, last);
    last = *now;
    ::usleep(100);
  }
  EXPECT_GE(last, first + 1000);
  const double gpu = found.sources[1]->read().value();
  EXPECT_TRUE(gpu == 200 || gpu == 300);
}

TEST_F(TraceCommands, ABrokenTraceIsAnObstacleAndNotThisMachine) {
  tree_.zone("intel-rapl:0", "package-0", "5000000");
  ::setenv("WATTLINE_REPLAY", file("none.csv").c_str(), 1);
  const Found found = find_sources(tree_.roots());
  EXPECT_TRUE(found.sources.empty());
  ASSERT_EQ(found.obstacles.size(), 1u);
  EXPECT_NE(found.obstacles[0].why.find("none.csv"), std::string::npos);
  EXPECT_THROW(ask("replay", {"--trace", file("none.csv"), "--", "true"}), Error);
  EXPECT_THROW(ask("replay", {"--trace", file("ours.csv")}), Error);
}

TEST_F(TraceCommands, ReplayPassesTheExitCodeOn) {
  EXPECT_EQ(ask("replay", {"--trace", file("ours.csv"), "--", "sh", "-c", "test -n \"$WATTLINE_REPLAY\" && exit 7"})
                .exit_code,
            7);
  EXPECT_EQ(ask("replay", {"--trace", file("ours.csv"), "--", "/no/such/program"}).exit_code, 127);
  EXPECT_EQ(std::getenv("WATTLINE_REPLAY"), nullptr);
}

TEST_F(TraceCommands, WhatIsRecordedCanBeRead) {
  const Result modelled = ask("record", {"--for", "0.4 s", "--interval", "0.05 s", "--output", file("a.csv")});
  const PowerTrace a = read_power_trace(file_text(file("a.csv")), "a.csv");
  ASSERT_EQ(a.channels.size(), 1u);
  EXPECT_EQ(a.channels[0].component, "cpu");
  EXPECT_TRUE(a.channels[0].mean_since_last) << "a load is of the time before";
  EXPECT_TRUE(a.zone_known);
  EXPECT_NE(file_text(file("a.csv")).find("modelled"), std::string::npos);
  EXPECT_EQ(file_text(file("a.csv")).find(",measured"), std::string::npos);
  EXPECT_TRUE(a.channels[0].modelled);
  // This machine's clock of work stands still: nothing is known of it, which is no 0 J.
  EXPECT_THROW(ask("integrate", {file("a.csv")}), Error);
  EXPECT_TRUE(std::any_of(modelled.warnings.begin(), modelled.warnings.end(),
                          [](const auto& w) { return w.find("no power was read") != w.npos; }));
  bool said = false;
  for (const auto& block : modelled.blocks)
    if (const auto* note = std::get_if<Note>(&block))
      said = said || note->text.find("Nothing measures") != std::string::npos;
  EXPECT_TRUE(said);
  // The same with a counter; and replayed once more.
  tree_.zone("intel-rapl:0", "package-0", "5000000");
  ask("record", {"--for", "0.2 s", "--interval", "0.05 s", "--output", file("b.csv")});
  const PowerTrace b = read_power_trace(file_text(file("b.csv")), "b.csv");
  EXPECT_EQ(b.channels[0].component, "package-0");
  EXPECT_TRUE(b.channels[0].mean_since_last);
  EXPECT_THROW(ask("record", {"--output", file("no/such/folder/x.csv")}), Error);
  EXPECT_THROW(ask("record", {"--output", dir_.path().string()}), Error);
}

TEST_F(TraceCommands, WhatWasModelledStaysModelled) {
  std::ofstream(file("model.csv")) << "time,component,power [W],source,method,kind\n"
                                      "2026-11-24T14:03:00Z,cpu,20,model,modelled,power sensor\n"
                                      "2026-11-24T14:03:10Z,cpu,20,model,modelled,power sensor\n";
  const auto warned = ask("integrate", {file("model.csv")}).warnings;
  EXPECT_TRUE(std::any_of(warned.begin(), warned.end(),
                          [](const auto& w) { return w.find("how far the model may be off") != w.npos; }));
  ::setenv("WATTLINE_REPLAY", file("model.csv").c_str(), 1);
  const Result r = ask("run", {"--no-record", "--", "sleep", "0.3"});
  ASSERT_TRUE(r.find_estimate("energy"));
  EXPECT_EQ(r.find_estimate("energy")->measure.method, Method::modelled);
  const Table* t = r.find_table("Components");
  ASSERT_TRUE(t);
  EXPECT_EQ(t->column("method").texts().at(0), "modelled");
  const std::string text = to_text(r);
  EXPECT_EQ(text.find("whole machine"), text.npos);
  EXPECT_NE(text.find("replayed trace"), text.npos);
  EXPECT_EQ(to_text(ask("sources", {"--watch", "0.05"})).find("The processor is measured"), std::string::npos);
  ::setenv("WATTLINE_REPLAY", file("ours.csv").c_str(), 1);
  EXPECT_EQ(ask("run", {"--no-record", "--", "sleep", "0.3"}).find_table("Components")->column("method").texts().at(0),
            "measured");
}

TEST_F(TraceCommands, GapsAreToldBesideWhatIsCovered) {
  std::string rows = "time,power [W]\n";
  for (int i = 0; i < 100; ++i)
    if (i < 40 || i >= 60) rows += std::to_string(1'700'000'000 + i) + ",50\n";
  std::ofstream(file("gap.csv")) << rows;
  const Result r = ask("integrate", {file("gap.csv")});
  const auto base = [](const EstimateBlock* e, double x) { return x * unit_scale(e->measure.unit); };
  const EstimateBlock *covered = r.find_estimate("energy"), *whole = r.find_estimate("whole");
  ASSERT_TRUE(covered && whole);
  EXPECT_NEAR(base(covered, covered->measure.value), 50 * 78, 1e-3);
  EXPECT_NE(covered->note.find("21 s are not"), std::string::npos) << covered->note;
  EXPECT_NEAR(base(whole, whole->measure.value), 50 * 99, 1e-3);
  EXPECT_LT(base(whole, whole->measure.interval.low), 50 * 99);
  EXPECT_EQ(whole->measure.method, Method::modelled);
  EXPECT_FALSE(ask("integrate", {file("ours.csv")}).find_estimate("whole"));
}

TEST_F(TraceCommands, NothingCoveredIsNoZero) {
  const auto refused = [&](const std::vector<std::string>& words, const char* why) {
    try {
      ask("integrate", words);
      ADD_FAILURE() << why;
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(why), std::string::npos) << e.what();
    }
  };
  std::ofstream(file("one.csv")) << "time,power [W]\n2026-11-24T14:03:00Z,20\n";
  std::ofstream(file("back.csv")) << "time,power [W]\n2026-11-24T14:03:09Z,20\n2026-11-24T14:03:05Z,20\n"
                                     "2026-11-24T14:03:01Z,20\n";
  refused({file("one.csv")}, "1 row with a power");
  refused({file("back.csv")}, "goes back");
  refused({file("ours.csv"), "--begin", "2027-01-01"}, "its rows are from");
  refused({file("ours.csv"), "--end", "2020-01-01"}, "its rows are from");
  std::ofstream(file("two.csv")) << "time,component,power [W]\n2026-11-24T14:03:00Z,a,20\n2026-11-24T14:03:01Z,a,20\n"
                                    "2026-11-24T14:03:01Z,b,20\n";
  const Result r = ask("integrate", {file("two.csv")});
  EXPECT_NEAR(r.find_estimate("energy")->measure.value, 20, 1e-6);
  EXPECT_EQ(r.warnings.size(), 1u);
}

// As a kill between two writes leaves it.
TEST_F(TraceCommands, ARecordingGrows) {
  const auto& catalog = context_.get<catalog::Catalog>();
  Recording r;
  const auto at = [](int seconds) { return Time{1'700'000'000'000'000'000 + seconds * 1'000'000'000LL}; };
  r.begin = at(0);
  SourceRecord package;
  package.info.component = "package-0";
  package.info.family = "rapl";
  r.records.push_back(package);
  std::ofstream(file("grow.csv")) << "what was there before\n";
  GrowingTrace file_of_rows(file("grow.csv"), catalog);
  for (int second = 0; second <= 6; ++second) {
    r.records[0].readings.add(at(second), 50.0 * second);
    r.end = at(second);
    if (second % 2 == 0) file_of_rows.grow(r);
    if (second == 0) continue;
    const PowerTrace t = read_power_trace(file_text(file("grow.csv")), "grow.csv");
    EXPECT_EQ(t.channels.at(0).power.size(), static_cast<std::size_t>(second / 2 * 2 + 1));
    EXPECT_EQ(t.channels[0].duplicates + t.channels[0].steps_back + t.unreadable, 0u);
  }
  const PowerTrace t = read_power_trace(file_text(file("grow.csv")), "grow.csv");
  EXPECT_NEAR(channel_energy(t.channels[0], {}, {}).energy.value().base(), 300, 1e-6);
  EXPECT_THROW(GrowingTrace(file("no/such/x.csv"), catalog), Error);
}

TEST_F(TraceCommands, AHangUpEndsTheRecordingWhole) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGHUP, SIG_DFL);
    std::thread([] {
      ::usleep(300'000);
      ::kill(::getpid(), SIGHUP);
    }).detach();
    const Result r = ask("record", {"--for", "600 s", "--interval", "0.05 s", "--output", file("hup.csv")});
    ::_exit(r.find_estimate("duration") ? 0 : 1);
  }
  int status = 1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_GT(read_power_trace(file_text(file("hup.csv")), "hup.csv").rows, 0u);
}

TEST_F(TraceCommands, WhatContainsOthersIsNotAddedToThem) {
  std::ofstream(file("both.csv")) << "time,component,power,source,method,kind,counted\n"
                                     "2026-01-01T00:00:00Z,package-0,20,rapl,measured,power sensor,yes\n"
                                     "2026-01-01T00:00:00Z,psys,35,rapl,measured,power sensor,no\n"
                                     "2026-01-01T00:00:10Z,package-0,20,rapl,measured,power sensor,yes\n"
                                     "2026-01-01T00:00:10Z,psys,35,rapl,measured,power sensor,no\n";
  const PowerTrace t = read_power_trace(file_text(file("both.csv")), "both.csv");
  ASSERT_EQ(t.channels.size(), 2u);
  EXPECT_TRUE(t.channels[0].counted);
  EXPECT_FALSE(t.channels[1].counted);
  const Result r = ask("integrate", {file("both.csv")});
  EXPECT_NEAR(r.find_estimate("energy")->measure.value * unit_scale(r.find_estimate("energy")->measure.unit), 200, 1);
}

TEST_F(TraceCommands, IntegrateShowsBoth) {
  std::ofstream(file("smi.csv"))
      << "timestamp, name, power.draw [W]\n2023/03/09 01:39:26.000, NVIDIA Y, 100.00 W\n"
         "2023/03/09 01:39:27.000, NVIDIA Y, 100.00 W\n2023/03/09 01:39:28.000, NVIDIA Y, 100.00 W\n";
  const Result plain = ask("integrate", {"--trace", file("smi.csv")});
  EXPECT_NEAR(plain.find_estimate("energy")->measure.value, 200, 1e-6);
  EXPECT_EQ(plain.find_estimate("energy")->measure.method, Method::measured);
  EXPECT_LT(plain.find_estimate("energy")->measure.interval.low, 190);  // the driver's own error
  const Result corrected = ask("integrate", {"--trace", file("smi.csv"), "--gain", "1.05", "--offset", "2 W"});
  EXPECT_NEAR(corrected.find_estimate("energy")->measure.value, 214, 1e-6);
  EXPECT_NEAR(corrected.find_estimate("readings")->measure.value, 200, 1e-6);
  EXPECT_THROW(ask("integrate", {"--trace", file("smi.csv"), "--begin", "yesterday"}), Error);
  EXPECT_THROW(ask("integrate", {"--trace", file("smi.csv"), "--begin", "2024-01-02", "--end", "2024-01-01"}), Error);
  EXPECT_NEAR(ask("integrate", {"--trace", file("ours.csv")}).find_estimate("readings")->measure.value, 3, 1e-6);  // kJ
}

}  // namespace
}  // namespace wattline::meter
