#include "meter/traces/replay.h"

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "catalog/catalog.h"
#include "kernel/command_testing.h"
#include "meter/capabilities.h"
#include "meter/fake_tree.h"
#include "meter/recorder.h"
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
  EXPECT_FALSE(a.channels[0].mean_since_last);
  EXPECT_TRUE(a.zone_known);
  EXPECT_NE(file_text(file("a.csv")).find("modelled"), std::string::npos);
  EXPECT_EQ(file_text(file("a.csv")).find(",measured"), std::string::npos);
  EXPECT_EQ(ask("integrate", {file("a.csv")}).find_estimate("energy")->measure.method, Method::modelled);
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
