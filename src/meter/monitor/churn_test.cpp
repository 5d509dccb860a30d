// Real processes at a high rate: sums that hold whatever the scheduler does; no time is asserted.
#include <algorithm>
#include <cmath>
#include <csignal>
#include <map>
#include <set>
#include <thread>

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/time.h"
#include "meter/attribution/cpu_times.h"
#include "meter/monitor/monitor.h"

namespace wattline::meter {
namespace {

constexpr auto cpu = static_cast<std::size_t>(Domain::cpu);

// Steps of work that take about so many seconds of CPU time.
long steps_of(double seconds) {
  static const double each = [] {
    timespec a{}, b{};
    constexpr long steps = 2'000'000;
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    for (volatile long i = 0; i < steps;) i = i + 1;
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    return (static_cast<double>(b.tv_sec - a.tv_sec) + static_cast<double>(b.tv_nsec - a.tv_nsec) * 1e-9) / steps;
  }();
  return static_cast<long>(seconds / each);
}

// A child that works without asking anybody for the time: the kernel brings its own sums up to date when somebody asks.
int silent_worker(long steps) {
  const int pid = ::fork();
  if (pid != 0) return pid;
  for (volatile long i = 0; i < steps;) i = i + 1;
  ::_exit(0);
}

double children_seconds() {
  rusage r{};
  ::getrusage(RUSAGE_CHILDREN, &r);
  const auto of = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return of(r.ru_utime) + of(r.ru_stime);
}

// A child that works for so long, of CPU time.
int worker(double seconds) {
  const int pid = ::fork();
  if (pid != 0) return pid;
  double x = 1;
  timespec t{};
  do {
    for (int i = 0; i < 2000; ++i) x = x * 1.0000001 + 1e-9;
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  } while (static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9 < seconds && x > 0);
  ::_exit(0);
}

const Consumer* of_pid(const Snapshot& s, int pid) {
  const auto it = std::find_if(s.consumers.begin(), s.consumers.end(),
                               [pid](const Consumer& c) { return c.level == Level::process && c.pid == pid; });
  return it == s.consumers.end() ? nullptr : &*it;
}

TEST(Churn, ProcessesThatComeAndGoAddUpToTheTotal) {
  const auto catalog = catalog::Catalog::load();
  Monitor m(MonitorSettings{}, *catalog);
  m.tick();
  double worked = 0;
  std::map<int, int> born;
  for (int round = 0; round < 8; ++round) {
    for (int i = 0; i < 100; ++i) {
      const int pid = worker(0.001);
      ASSERT_GT(pid, 0);
      ++born[pid];
      int status = 0;
      ::waitpid(pid, &status, 0);
      worked += 0.001;
    }
    m.tick();
    const Snapshot s = m.snapshot();
    for (const auto& d : s.domains) {
      std::map<Level, double> levels;
      for (const auto& c : s.consumers) levels[c.level] += c.joules[static_cast<std::size_t>(d.domain)];
      const double energy = d.energy.value().base();
      for (const auto& [level, active] : levels) {
        if (level == Level::gpu_process || level == Level::gpu_slice) continue;
        EXPECT_NEAR(d.idle.value().base() + active + d.unattributed, energy, 0.005 * energy) << to_string(level);
      }
    }
  }
  const Snapshot s = m.snapshot();
  double found = 0;
  std::size_t named = 0;
  for (const auto& c : s.consumers)
    if (c.level == Level::process && born.contains(c.pid)) {
      found += c.cpu_seconds;
      ++named;
    }
  // Where the kernel tells of ends, each of them is there.
  const bool told = std::none_of(s.warnings.begin(), s.warnings.end(),
                                 [](const std::string& w) { return w.find("come and go") != w.npos; });
  if (!told) GTEST_SKIP() << "the kernel tells of no ends here";
  EXPECT_GE(named, born.size() * 95 / 100);
  EXPECT_GE(found, worked * 0.95);
}

TEST(Churn, ProcessesShorterThanATickOfTheKernelAreFoundWhole) {
  const long steps = steps_of(0.001);
  const auto catalog = catalog::Catalog::load();
  Monitor m(MonitorSettings{}, *catalog);
  m.tick();
  const double before = children_seconds();
  std::set<int> silent, asking;
  for (int round = 0; round < 6; ++round) {
    for (int i = 0; i < 60; ++i) {
      const bool asks = i % 6 == 0;
      const int pid = asks ? worker(0.001) : silent_worker(steps);
      ASSERT_GT(pid, 0);
      (asks ? asking : silent).insert(pid);
      int status = 0;
      ::waitpid(pid, &status, 0);
    }
    m.tick();
  }
  m.tick();
  const double worked = children_seconds() - before;
  const Snapshot s = m.snapshot();
  if (std::any_of(s.warnings.begin(), s.warnings.end(),
                  [](const std::string& w) { return w.find("come and go") != w.npos; }))
    GTEST_SKIP() << "the kernel tells of no ends here";
  double found = 0;
  std::size_t silent_named = 0, asking_named = 0;
  for (const auto& c : s.consumers) {
    if (c.level != Level::process || !(c.cpu_seconds > 0)) continue;
    if (!silent.contains(c.pid) && !asking.contains(c.pid)) continue;
    found += c.cpu_seconds;
    (silent.contains(c.pid) ? silent_named : asking_named) += 1;
  }
  EXPECT_GE(silent_named, silent.size() * 95 / 100);
  EXPECT_GE(asking_named, asking.size() * 95 / 100);
  // The sum of waited children shows hundredths of a second, of user and of system time.
  EXPECT_GE(found, 0.95 * worked - 0.02);
  EXPECT_LE(found, worked + 0.02);
}

// Reads until so many processes said that they are there.
bool await(int fd, int count) {
  char byte;
  while (count > 0 && ::read(fd, &byte, 1) == 1) --count;
  return count == 0;
}

TEST(Churn, TwoLoopsThatShareAProcessorGetEqualJoulesAndASleeperNone) {
  const auto catalog = catalog::Catalog::load();
  cpu_set_t may, one_of_them;
  ASSERT_EQ(::sched_getaffinity(0, sizeof may, &may), 0);
  CPU_ZERO(&one_of_them);
  for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one_of_them) == 0; ++i)
    if (CPU_ISSET(i, &may)) CPU_SET(i, &one_of_them);
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  // They work on and on; how much of the processor each gets is the scheduler's to say, and the same for both.
  const auto start = [&](bool works) {
    const int pid = ::fork();
    if (pid != 0) return pid;
    ::sched_setaffinity(0, sizeof one_of_them, &one_of_them);
    if (::write(ready[1], "r", 1) != 1) ::_exit(1);
    while (!works) ::pause();
    volatile unsigned long i = 0;
    while (true) i = i + 1;
  };
  const int sleeper = start(false);
  ASSERT_TRUE(await(ready[0], 1));
  // It has come to rest when the clock of its CPU time stands still.
  for (double before = -1; before != *process_clock(sleeper);) {
    before = *process_clock(sleeper);
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
  }
  const int one = start(true), other = start(true);
  ASSERT_TRUE(await(ready[0], 2));
  Monitor m(MonitorSettings{}, *catalog);
  m.tick();
  const auto seconds = [&] { return *process_clock(one) + *process_clock(other); };
  for (const double begin = seconds(); seconds() - begin < 2.5;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    m.tick();
  }
  const Snapshot s = m.snapshot();
  for (const int pid : {sleeper, one, other}) ::kill(pid, SIGKILL);
  for (const int pid : {sleeper, one, other}) ::waitpid(pid, nullptr, 0);
  for (const int fd : ready) ::close(fd);
  const Consumer *a = of_pid(s, one), *b = of_pid(s, other), *c = of_pid(s, sleeper);
  ASSERT_TRUE(a && b && c);
  EXPECT_GT(a->joules[cpu], 0);
  EXPECT_NEAR(a->joules[cpu], b->joules[cpu], 0.03 * a->joules[cpu]);
  EXPECT_EQ(c->joules[cpu], 0);
  EXPECT_EQ(c->cpu_seconds, 0);
}

}  // namespace
}  // namespace wattline::meter
