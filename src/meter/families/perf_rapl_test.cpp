#include "meter/families/perf_rapl.h"

#include <cerrno>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "meter/fake_tree.h"
#include "meter/families/perf_files.h"
#include "meter/rapl.h"

namespace wattline::meter {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using tests::FakeTree;

constexpr const char* pmu = "sys/bus/event_source/devices/power/";

void add_pmu(FakeTree& tree, const std::string& cpumask, std::map<std::string, std::string> events) {
  tree.put(std::string(pmu) + "type", "32\n");
  tree.put(std::string(pmu) + "cpumask", cpumask);
  for (const auto& [name, event] : events) {
    tree.put(std::string(pmu) + "events/" + name, event);
    tree.put(std::string(pmu) + "events/" + name + ".scale", "2.3283064365386962890625e-10\n");
    tree.put(std::string(pmu) + "events/" + name + ".unit", "Joules\n");
  }
}
void on_package(FakeTree& tree, int cpu, int package, int die = 0) {
  const std::string base = "sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
  tree.put(base + "physical_package_id", std::to_string(package) + "\n");
  tree.put(base + "die_id", std::to_string(die) + "\n");
}

// Counters by event and processor, as a test sets them.
struct FakePerf {
  std::map<std::pair<std::uint64_t, int>, std::uint64_t> counts;
  int refuse = 0;
  bool gone = false;

  OpenPerfCounter door() {
    return [this](std::uint32_t type, std::uint64_t config, int cpu, int& error) -> std::unique_ptr<PerfCounter> {
      EXPECT_EQ(type, 32u);
      if (refuse || !counts.contains({config, cpu})) {
        error = refuse ? refuse : ENOENT;
        return nullptr;
      }
      struct Counter : PerfCounter {
        FakePerf* perf;
        std::pair<std::uint64_t, int> key;
        std::optional<std::uint64_t> read() override {
          if (!perf->gone) return perf->counts.at(key);
          error = ENODEV;
          return std::nullopt;
        }
      };
      auto c = std::make_unique<Counter>();
      c->perf = this;
      c->key = {config, cpu};
      return c;
    };
  }
};

std::vector<std::string> counted(const Found& found) {
  std::vector<std::string> out;
  for (const auto& s : found.sources)
    if (s->info().counted) out.push_back(s->info().component);
  return out;
}

constexpr std::uint64_t joule = std::uint64_t{1} << 32;

TEST(PerfRapl, TwoPackagesWithMemoryAndPlatform) {
  FakeTree tree;
  add_pmu(tree, "0,18\n",
          {{"energy-pkg", "event=0x02\n"},
           {"energy-cores", "event=0x01\n"},
           {"energy-ram", "event=0x03\n"},
           {"energy-psys", "event=0x05\n"}});
  on_package(tree, 0, 0);
  on_package(tree, 18, 1);
  FakePerf perf;
  perf.counts = {{{2, 0}, joule}, {{2, 18}, 3 * joule}, {{3, 0}, joule}, {{3, 18}, joule}, {{5, 0}, 9 * joule}};
  const Found found = find_perf_rapl(tree.roots(), perf.door());
  EXPECT_THAT(counted(found), ElementsAre("package-0", "package-1", "dram-0", "dram-1"));
  EXPECT_THAT(found.obstacles, IsEmpty());
  ASSERT_EQ(found.sources.size(), 5u);
  EXPECT_EQ(found.sources[4]->info().component, "psys");
  EXPECT_THAT(found.sources[4]->info().not_counted_because, HasSubstr("contains"));
  EXPECT_DOUBLE_EQ(*found.sources[1]->read(), 3);
  perf.counts[{2, 18}] += 250 * joule;
  EXPECT_DOUBLE_EQ(*found.sources[1]->read(), 253);
  EXPECT_EQ(found.sources[1]->info().range, 0) << "64 bits do not wrap";
}

TEST(PerfRapl, DiesOfOnePackageKeepTheirNames) {
  FakeTree tree;
  add_pmu(tree, "0,8\n", {{"energy-pkg", "event=0x02\n"}});
  on_package(tree, 0, 0, 0);
  on_package(tree, 8, 0, 1);
  FakePerf perf;
  perf.counts = {{{2, 0}, joule}, {{2, 8}, joule}};
  EXPECT_THAT(counted(find_perf_rapl(tree.roots(), perf.door())), ElementsAre("package-0-die-0", "package-0-die-1"));
}

TEST(PerfRapl, RefusalNamesTheOneRightThatIsNeeded) {
  FakeTree tree;
  add_pmu(tree, "0\n", {{"energy-pkg", "event=0x02\n"}, {"energy-ram", "event=0x03\n"}});
  tree.put("proc/sys/kernel/perf_event_paranoid", "4\n");
  FakePerf perf;
  perf.refuse = EACCES;
  const Found found = find_perf_rapl(tree.roots(), perf.door());
  EXPECT_THAT(found.sources, IsEmpty());
  ASSERT_EQ(found.obstacles.size(), 1u);
  EXPECT_THAT(found.obstacles[0].why, HasSubstr("perf_event_paranoid is 4"));
  EXPECT_THAT(found.obstacles[0].mend, HasSubstr("cap_perfmon"));
  EXPECT_FALSE(found.obstacles[0].absent);
}

TEST(PerfRapl, OneEventThatFailsLeavesTheOthers) {
  FakeTree tree;
  add_pmu(tree, "0\n", {{"energy-pkg", "event=0x02\n"}, {"energy-ram", "event=0x03\n"}});
  on_package(tree, 0, 0);
  FakePerf perf;
  perf.counts = {{{2, 0}, joule}};
  const Found found = find_perf_rapl(tree.roots(), perf.door());
  EXPECT_THAT(counted(found), ElementsAre("package-0"));
  ASSERT_EQ(found.obstacles.size(), 1u);
  EXPECT_EQ(found.obstacles[0].component, "dram");
}

TEST(PerfRapl, AProcessorThatIsTakenOutIsAFailedReading) {
  FakeTree tree;
  add_pmu(tree, "0\n", {{"energy-pkg", "event=0x02\n"}});
  FakePerf perf;
  perf.counts = {{{2, 0}, joule}};
  const Found found = find_perf_rapl(tree.roots(), perf.door());
  perf.gone = true;
  EXPECT_FALSE(found.sources.at(0)->read());
  EXPECT_THAT(found.sources.at(0)->trouble(), HasSubstr("No such device"));
}

TEST(PerfRapl, NoDriverRubbishAndOtherUnits) {
  FakeTree tree;
  FakePerf perf;
  perf.counts = {{{2, 0}, joule}};
  EXPECT_TRUE(find_perf_rapl(tree.roots(), perf.door()).obstacles.at(0).absent);
  add_pmu(tree, "none\n", {});
  EXPECT_THAT(find_perf_rapl(tree.roots(), perf.door()).obstacles.at(0).why, HasSubstr("cpumask"));
  add_pmu(tree, "0\n", {{"energy-pkg", "event=two\n"}});
  EXPECT_THAT(find_perf_rapl(tree.roots(), perf.door()).sources, IsEmpty());
  add_pmu(tree, "0\n", {{"energy-pkg", "event=0x02\n"}});
  tree.put(std::string(pmu) + "events/energy-pkg.unit", "Wh\n");
  EXPECT_THAT(find_perf_rapl(tree.roots(), perf.door()).sources, IsEmpty());
  EXPECT_TRUE(find_perf_rapl(tree.roots()).obstacles.at(0).absent) << "a made-up tree opens no real counter";
}

TEST(PerfFiles, EventsScalesAndProcessors) {
  EXPECT_EQ(parse_perf_event("event=0x02\n"), 2u);
  EXPECT_EQ(parse_perf_event("event=0x02,umask=0x01"), 0x102u);
  EXPECT_FALSE(parse_perf_event("event=0x102"));
  EXPECT_FALSE(parse_perf_event("umask=0x01"));
  EXPECT_FALSE(parse_perf_event("event=0x02,colour=red"));
  EXPECT_DOUBLE_EQ(*parse_perf_scale("2.3283064365386962890625e-10\n"), 1.0 / 4294967296.0);
  EXPECT_FALSE(parse_perf_scale("0"));
  EXPECT_FALSE(parse_perf_scale("nan"));
  EXPECT_THAT(*parse_cpu_list("0-2,18\n"), ElementsAre(0, 1, 2, 18));
  EXPECT_EQ(parse_cpu_list("0-9999\n")->size(), 10000u);
  EXPECT_FALSE(parse_cpu_list("0-99999999"));
  EXPECT_FALSE(parse_cpu_list("3-1"));
  EXPECT_FALSE(parse_cpu_list("\n"));
}

std::vector<SourceFamily> two_ways(FakePerf& perf) {
  return {{"perf", "", [&](const Roots& r) { return find_perf_rapl(r, perf.door()); }}, {"rapl", "", find_rapl}};
}

TEST(FindSources, OneCounterByTwoWaysIsReadOnce) {
  FakeTree tree;
  tree.zone("intel-rapl:0", "package-0", "1000000");
  tree.zone("intel-rapl:0:0", "dram", "500000");
  add_pmu(tree, "0\n", {{"energy-pkg", "event=0x02\n"}});
  on_package(tree, 0, 0);
  FakePerf perf;
  perf.counts = {{{2, 0}, joule}};
  const Found found = find_sources(tree.roots(), two_ways(perf));
  EXPECT_THAT(counted(found), ElementsAre("package-0", "dram")) << "memory, which only powercap has here, is added";
  EXPECT_EQ(found.sources[0]->info().family, "perf");
  EXPECT_THAT(found.notes, ElementsAre(HasSubstr("not read twice")));
}

TEST(FindSources, ABarredWayIsNoLossWhereAnotherIsOpen) {
  FakeTree tree;
  tree.zone("intel-rapl:0", "package-0", "1000000");
  add_pmu(tree, "0\n", {{"energy-pkg", "event=0x02\n"}});
  FakePerf perf;
  perf.refuse = EPERM;
  const Found found = find_sources(tree.roots(), two_ways(perf));
  EXPECT_THAT(counted(found), ElementsAre("package-0"));
  EXPECT_THAT(found.obstacles, IsEmpty());
  tree.put("sys/class/powercap/intel-rapl:0/energy_uj", "");
  EXPECT_EQ(find_sources(tree.roots(), two_ways(perf)).obstacles.size(), 2u) << "both are told when none is open";
}

}  // namespace
}  // namespace wattline::meter
