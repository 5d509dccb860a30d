#include "meter/monitor/monitor.h"

#include <cmath>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "meter/fake_tree.h"
#include "meter/host.h"

namespace wattline::meter {
namespace {

// A world with its own clock, processes and counters.
class World {
 public:
  World() { stat(); }
  Monitor monitor() {
    MonitorSettings settings;
    settings.roots = tree.roots();
    settings.interval = Duration(0.1);
    return Monitor(settings, *catalog, MonitorParts{find(), [this] { return now; }, {}, {}, {}, {}});
  }
  void pass(double s, bool asleep = false) {
    now.boot_ns += std::llround(s * 1e9);
    if (!asleep) now.awake_ns += std::llround(s * 1e9);
    now.utc = now.utc + Duration(s);
  }
  // Clock ticks so far; the machine's busy time grows with them unless it is said to be unseen.
  void process(int pid, const std::string& name, int ticks, long started = 100) {
    tree.put(fmt::format("proc/{}/stat", pid),
             fmt::format("{} ({}) S 1 1 1 0 -1 4194560 1 2 3 4 {} 0 0 0 20 0 1 0 {} 0 0\n", pid, name, ticks, started));
    tree.put(fmt::format("proc/{}/status", pid), fmt::format("Uid:\t{0}\t{0}\t{0}\t{0}\n", 700000 + pid));
  }
  void gone(int pid) { tree.remove(fmt::format("proc/{}", pid)); }
  void busy(int ticks) {
    busy_ += ticks;
    stat();
  }

  std::shared_ptr<catalog::Catalog> catalog = catalog::Catalog::load();
  tests::FakeTree tree;
  Instant now{1'000'000'000'000, 1'000'000'000'000, Time{1'700'000'000'000'000'000}};

 private:
  Found find() const {
    Found f = find_sources(tree.roots());
    std::erase_if(f.sources, [](const auto& s) { return s->info().family == "nvml"; });
    return f;
  }
  void stat() { tree.put("proc/stat", fmt::format("cpu {} 0 0 100000 0 0 0 0 0 0\n", busy_)); }
  int busy_ = 0;
};

// A sensor of 50 W.
class Sensor : public Source {
 public:
  Sensor() {
    info_.component = "board";
    info_.family = "hwmon";
    info_.kind = SourceKind::power;
    info_.update = Duration(0.01);
  }
  const SourceInfo& info() const override { return info_; }
  std::optional<double> read() override { return 50; }

 private:
  SourceInfo info_;
};

const Consumer* find(const Snapshot& s, Level level, const std::string& name) {
  for (const auto& c : s.consumers)
    if (c.level == level && c.name == name) return &c;
  return nullptr;
}

void expect_sums(const Snapshot& s) {
  for (const auto& d : s.domains) {
    std::map<Level, double> by_level;
    for (const auto& c : s.consumers) by_level[c.level] += c.joules[static_cast<std::size_t>(d.domain)];
    const double energy = d.energy.value().base();
    for (const auto& [level, active] : by_level) {
      if (level == Level::gpu_process || level == Level::gpu_slice) continue;
      EXPECT_NEAR(d.idle.value().base() + active + d.unattributed, energy, 1e-9 * std::max(1.0, energy))
          << to_string(d.domain) << " " << to_string(level);
    }
  }
}

constexpr auto cpu = static_cast<std::size_t>(Domain::cpu);

TEST(Monitor, TenThousandProcessorsAreOneMachine) {
  constexpr int processors = 10'000;
  World w;
  std::string cpuinfo, lines;
  for (int i = 0; i < processors; ++i) {
    cpuinfo += fmt::format("processor\t: {}\nmodel name\t: Imaginary 9000\nsiblings\t: 100\ncpu cores\t: 50\n\n", i);
    lines += fmt::format("cpu{} 5000 0 0 5000 0 0 0 0 0 0\n", i);
  }
  w.tree.put("proc/cpuinfo", cpuinfo);
  w.tree.put("sys/devices/system/cpu/online", "0-4999,5000-9999\n");
  w.tree.zone("intel-rapl:0", "package-0", "0");
  const Host host = read_host(w.tree.roots());
  EXPECT_EQ(host.threads, processors);
  EXPECT_EQ(host.packages, 100);
  EXPECT_EQ(host.cores, 5000);
  const auto stat = [&](long busy) {
    w.tree.put("proc/stat", fmt::format("cpu {} 0 0 100000000 0 0 0 0 0 0\n", busy) + lines);
  };
  stat(50'000'000);
  w.process(40, "wide", 0);
  w.process(41, "narrow", 0);
  Monitor m = w.monitor();
  m.tick();
  // A second of half of them, and of two.
  w.pass(1);
  stat(50'000'000 + 100L * (processors / 2 + 2));
  w.process(40, "wide", 100 * processors / 2);
  w.process(41, "narrow", 200);
  w.tree.set_energy("intel-rapl:0", "1000000000");
  m.tick();
  const Snapshot s = m.snapshot();
  expect_sums(s);
  const Consumer *wide = find(s, Level::process, "wide"), *narrow = find(s, Level::process, "narrow");
  ASSERT_TRUE(wide && narrow);
  EXPECT_NEAR(wide->cpu_seconds, processors / 2, 1e-6);
  EXPECT_NEAR(wide->joules[cpu], narrow->joules[cpu] * processors / 4, 1e-6 * wide->joules[cpu]);
  EXPECT_NEAR(s.domains.at(0).energy.value().base(), 1000, 1e-6);
}

TEST(Monitor, AnIntervalThatIsChangedIsNoGap) {
  World w;
  MonitorSettings settings;
  settings.roots = w.tree.roots();
  settings.interval = Duration(0.1);
  settings.processes = false;
  Found found;
  found.sources.push_back(std::make_unique<Sensor>());
  Monitor m(settings, *w.catalog, MonitorParts{std::move(found), [&w] { return w.now; }, {}, {}, {}, {}});
  const auto tick = [&](double after) {
    w.pass(after);
    m.tick();
  };
  const auto board = [&] { return m.snapshot().components.back(); };
  tick(0);
  for (int i = 0; i < 10; ++i) tick(0.1);
  m.change_interval(Duration(10));
  for (int i = 0; i < 10; ++i) tick(10);
  EXPECT_NEAR(board().energy.value().base(), 50 * 101, 1e-6);
  EXPECT_EQ(board().missing.base(), 0);
  // The step that is under way when the interval becomes shorter is still a long one.
  w.pass(5);
  m.change_interval(Duration(0.1));
  tick(0);
  for (int i = 0; i < 10; ++i) tick(0.1);
  EXPECT_NEAR(board().energy.value().base(), 50 * 107, 1e-6);
  EXPECT_EQ(board().missing.base(), 0);
  tick(10);
  EXPECT_NEAR(board().missing.base(), 10, 1e-6) << "now that is a gap";
}

TEST(Monitor, WithoutACounterTheProcessorIsModelledAndShared) {
  World w;
  w.process(10, "busy", 1000);
  w.process(11, "idler", 1000);
  w.process(12, "half", 0);
  Monitor m = w.monitor();
  m.tick();
  for (int i = 1; i <= 20; ++i) {
    w.pass(0.1);
    w.process(10, "busy", 1000 + 10 * i);
    w.process(12, "half", 5 * i);
    w.busy(15);
    m.tick();
  }
  const Snapshot s = m.snapshot();
  ASSERT_EQ(s.components.size(), 1u);
  EXPECT_EQ(s.components[0].info.family, "model");
  EXPECT_EQ(s.components[0].energy.method(), Method::modelled);
  EXPECT_FALSE(s.warnings.empty());
  ASSERT_EQ(s.domains.size(), 1u);
  EXPECT_GT(s.domains[0].idle.value(), Energy(0));
  EXPECT_GT(s.domains[0].energy.value(), s.domains[0].idle.value());
  EXPECT_LE(s.domains[0].energy.low(), s.domains[0].energy.value());
  expect_sums(s);
  const Consumer *busy = find(s, Level::process, "busy"), *half = find(s, Level::process, "half"),
                 *idler = find(s, Level::process, "idler");
  ASSERT_TRUE(busy && half && idler);
  EXPECT_NEAR(busy->joules[cpu], 2 * half->joules[cpu], 1e-9);
  EXPECT_NEAR(busy->cpu_seconds, 2, 1e-9);
  EXPECT_EQ(idler->joules[cpu], 0);
  EXPECT_NEAR(s.covered.base(), 2, 1e-9);
  EXPECT_EQ(s.missing.base(), 0);
  EXPECT_EQ(s.ticks, 21u);
  EXPECT_TRUE(find(s, Level::user, "uid 700010"));
  EXPECT_FALSE(find(s, Level::container, "outside"));
}

TEST(Monitor, CountersAreMeasuredAndTheRestIsNobodys) {
  World w;
  w.tree.zone("intel-rapl:0", "package-0", "262143000000");
  w.process(10, "busy", 0);
  Monitor m = w.monitor();
  m.tick();
  long long uj = 262143000000;
  for (int i = 1; i <= 50; ++i) {
    w.pass(0.1);
    uj += 20'000'000;  // 200 W
    w.tree.set_energy("intel-rapl:0", std::to_string(uj % 262143328850));
    w.process(10, "busy", 40 * i);
    w.busy(80);  // half of it is by nobody to be seen
    m.tick();
  }
  const Snapshot s = m.snapshot();
  ASSERT_EQ(s.domains.size(), 1u);
  EXPECT_EQ(s.domains[0].energy.method(), Method::measured);
  EXPECT_NEAR(s.domains[0].energy.value().base(), 1000, 1e-3);
  const double active = 1000 - s.domains[0].idle.value().base();
  EXPECT_GT(active, 0);
  EXPECT_NEAR(find(s, Level::process, "busy")->joules[cpu], active / 2, active * 0.01);
  EXPECT_NEAR(s.domains[0].unattributed, active / 2, active * 0.01);
  expect_sums(s);
}

TEST(Monitor, AProcessThatTakesTheNumberOfAnotherIsAnother) {
  World w;
  w.process(10, "first", 50, 100);
  Monitor m = w.monitor();
  m.tick();
  w.pass(0.1);
  w.process(10, "second", 7, 100'000);
  w.busy(7);
  m.tick();
  const Snapshot s = m.snapshot();
  ASSERT_TRUE(find(s, Level::process, "first") && find(s, Level::process, "second"));
  EXPECT_FALSE(find(s, Level::process, "first")->alive);
  EXPECT_EQ(find(s, Level::process, "first")->cpu_seconds, 0);
  EXPECT_NEAR(find(s, Level::process, "second")->cpu_seconds, 0.07, 1e-9);
  EXPECT_EQ(find(s, Level::process, "second")->started, 100'000);
  expect_sums(s);
}

TEST(Monitor, SleepIsAGapAndAClockThatIsSetIsNone) {
  World w;
  w.tree.zone("intel-rapl:0", "package-0", "0");
  Monitor m = w.monitor();
  m.tick();
  w.pass(1);
  w.tree.set_energy("intel-rapl:0", "50000000");
  m.tick();
  w.pass(3600, true);
  w.tree.set_energy("intel-rapl:0", "51000000");
  m.tick();
  w.pass(1);
  w.now.utc = w.now.utc + Duration(-86400 * 365);
  w.tree.set_energy("intel-rapl:0", "101000000");
  m.tick();
  const Snapshot s = m.snapshot();
  EXPECT_NEAR(s.domains[0].energy.value().base(), 100, 1e-6);
  EXPECT_NEAR(s.covered.base(), 2, 1e-9);
  EXPECT_NEAR(s.missing.base(), 3600, 1e-9);
  EXPECT_NEAR((s.now - s.started).base(), 3602, 1e-3);
  EXPECT_NEAR(s.components[0].missing.base(), 3600, 1e-6);
}

TEST(Monitor, WhoBearsTheIdlePowerIsAMatterOfPolicy) {
  const std::string box(64, 'a');
  for (const IdlePolicy policy : {IdlePolicy::nobody, IdlePolicy::by_share, IdlePolicy::by_reservation}) {
    World w;
    w.tree.put("sys/fs/cgroup/docker/" + box + "/cpu.max", "200000 100000\n");  // a quarter of the machine
    w.process(10, "worker", 0);
    w.process(11, "kept", 0);
    w.tree.put("proc/11/cgroup", "0::/docker/" + box + "\n");
    MonitorSettings settings;
    settings.roots = w.tree.roots();
    settings.idle = policy;
    Monitor m(settings, *w.catalog, MonitorParts{{}, [&w] { return w.now; }, {}, {}, {}, {}});
    m.tick();
    w.pass(1);
    w.process(10, "worker", 100);
    w.busy(100);
    m.tick();
    w.pass(1);  // without work nobody bears it
    m.tick();
    const Snapshot s = m.snapshot();
    expect_sums(s);
    const double idle = s.domains[0].idle.value().base();
    const Consumer *worker = find(s, Level::process, "worker"), *kept = find(s, Level::container, box);
    const double at_rest = HostModel(read_host(w.tree.roots()), *w.catalog).idle().value().base();
    if (policy == IdlePolicy::nobody) {
      EXPECT_NEAR(idle, 2 * at_rest, 1e-6);
      EXPECT_EQ(kept->joules[cpu], 0);
    } else if (policy == IdlePolicy::by_share) {
      EXPECT_NEAR(idle, at_rest, 1e-6);
      EXPECT_GT(worker->joules[cpu], at_rest);
    } else {
      EXPECT_NEAR(idle, 1.5 * at_rest, 1e-6);
      EXPECT_NEAR(kept->joules[cpu], 0.5 * at_rest, 1e-6);
      EXPECT_EQ(find(s, Level::process, "reserved")->detail, box);
    }
  }
}

TEST(Monitor, WithoutProcessesAllWorkIsNobodys) {
  World w;
  w.process(10, "busy", 0);
  MonitorSettings settings;
  settings.roots = w.tree.roots();
  settings.processes = false;
  Monitor m(settings, *w.catalog, MonitorParts{{}, [&w] { return w.now; }, {}, {}, {}, {}});
  m.tick();
  w.pass(1);
  w.busy(100);
  m.tick();
  const Snapshot s = m.snapshot();
  EXPECT_TRUE(s.consumers.empty());
  EXPECT_GT(s.domains[0].unattributed, 0);
  EXPECT_EQ(s.domains[0].how, "");
  expect_sums(s);
}

TEST(Monitor, OfTheRealMachine) {
  const auto catalog = catalog::Catalog::load();
  MonitorSettings settings;
  Monitor m(settings, *catalog);
  m.tick();
  double x = 1;
  for (int i = 0; i < 20'000'000; ++i) x = x * 1.0000001 + 1e-9;
  EXPECT_GT(x, 1);
  m.tick();
  const Snapshot s = m.snapshot();
  EXPECT_FALSE(s.domains.empty());
  EXPECT_FALSE(s.consumers.empty());
  expect_sums(s);
  const auto me =
      std::find_if(s.consumers.begin(), s.consumers.end(), [](const Consumer& c) { return c.pid == getpid(); });
  ASSERT_NE(me, s.consumers.end());
  EXPECT_GT(me->cpu_seconds, 0);
}

}  // namespace
}  // namespace wattline::meter
