#include "meter/attribution/work_watch.h"

#include <cmath>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "meter/fake_tree.h"

namespace wattline::meter {
namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr auto cpu = static_cast<std::size_t>(Domain::cpu);
const std::string box(64, 'a');

// Tells what the test puts there.
class MadeUpExits : public ExitListener {
 public:
  explicit MadeUpExits(std::vector<ExitRecord>& next) : next_(next) {}
  bool drain(std::vector<ExitRecord>& out) override {
    for (auto& r : next_) out.push_back(std::move(r));
    next_.clear();
    return overrun;
  }
  bool overrun = false;

 private:
  std::vector<ExitRecord>& next_;
};

class Watched : public testing::Test {
 protected:
  void process(int pid, const std::string& name, int ticks, int waited = 0, int parent = 1,
               const std::string& place = "/", long started = 100'000) {
    tree.put(fmt::format("proc/{}/stat", pid),
             fmt::format("{} ({}) S {} 1 1 0 -1 1 1 2 3 4 {} 0 {} 0 20 0 1 0 {} 0 0\n", pid, name, parent, ticks,
                         waited, started));
    tree.put(fmt::format("proc/{}/status", pid), "Uid:\t800001\t800001\t0\t0\n");
    tree.put(fmt::format("proc/{}/cgroup", pid), "0::" + place + "\n");
  }
  void died(int pid) { tree.remove(fmt::format("proc/{}", pid)); }
  WorkWatch watch(bool exits) {
    return WorkWatch(tree.roots(), 4, find_cpu_times(tree.roots()),
                     exits ? std::make_unique<MadeUpExits>(records) : nullptr, exits ? "" : "not allowed");
  }
  void tick(WorkWatch& w, double busy) {
    now += second;
    w.look(now, busy, book);
    // A joule for each second of work.
    double all = w.unseen();
    std::vector<Work> work;
    for (const auto& d : w.done()) {
      all += d.seconds;
      work.push_back({d.account, d.seconds, {no_account, no_account}});
    }
    book.share(Domain::cpu, all, 0, work, w.unseen());
    w.close(book);
  }
  double joules(Level level, const std::string& name) const {
    double sum = 0;
    for (const auto& c : book.consumers())
      if (c.level == level && c.name == name) sum += c.joules[cpu];
    return sum;
  }

  tests::FakeTree tree;
  std::vector<ExitRecord> records;
  EnergyBook book{100};
  std::int64_t now = 1000 * second;
};

TEST_F(Watched, ProcessesThatNobodySawAreBookedByTheirNames) {
  process(10, "make", 0, 0, 1, "/docker/" + box);
  WorkWatch w = watch(true);
  tick(w, 0);
  process(10, "make", 10, 0, 1, "/docker/" + box);
  records = {{500, 10, 800001, "cc1", 0.5}, {501, 500, 800001, "as", 0.25}, {502, 77, 800001, "lost child", 0.125}};
  tick(w, 0.975);
  EXPECT_NEAR(joules(Level::process, "cc1"), 0.5, 1e-12);
  EXPECT_NEAR(joules(Level::process, "lost child"), 0.125, 1e-12);
  EXPECT_NEAR(joules(Level::container, box), 0.1 + 0.5, 1e-12);  // "as" came before its parent's end was told
  EXPECT_NEAR(joules(Level::user, "uid 800001"), 0.975, 1e-12);
  EXPECT_EQ(book.sums(Domain::cpu).unattributed, 0);
  for (const auto& c : book.consumers()) {
    if (c.name == "cc1") {
      EXPECT_FALSE(c.alive);
    }
  }
}

TEST_F(Watched, AGrandchildFindsItsContainerThroughItsParent) {
  process(10, "make", 0, 0, 1, "/docker/" + box);
  WorkWatch w = watch(true);
  tick(w, 0);
  // As it happens: the child first, then its parent.
  records = {{501, 500, 800001, "as", 0.25}, {500, 10, 800001, "cc1", 0.5}};
  tick(w, 0.75);
  EXPECT_NEAR(joules(Level::container, box), 0.75, 1e-12);
}

TEST_F(Watched, TheLastStretchOfAProcessIsBookedOnce) {
  process(10, "job", 100);
  WorkWatch w = watch(true);
  tick(w, 0);
  process(10, "job", 150);
  tick(w, 0.5);
  // It ended after 1.8 s in all, and waits to be collected for two ticks.
  process(10, "job", 180);
  records = {{10, 1, 800001, "job", 1.8}};
  tick(w, 0.3);
  tick(w, 0);
  died(10);
  tick(w, 0);
  EXPECT_NEAR(joules(Level::process, "job"), 0.8, 1e-9);
  // Another one is gone before it can be looked at again.
  process(11, "quick", 50, 0, 1, "/", 100'450);
  tick(w, 0.5);
  died(11);
  records = {{11, 1, 800001, "quick", 0.9}};
  tick(w, 0.4);
  EXPECT_NEAR(joules(Level::process, "quick"), 0.9, 1e-9);
}

TEST_F(Watched, WhatRecordsLackIsFoundInTheParentsSum) {
  process(10, "sh", 0);
  process(20, "idler", 0);
  WorkWatch w = watch(true);
  tick(w, 0);
  // Ten a second of 2 ms, of which records tell a tenth; and one that slept and tells all.
  int waited = 0, pid = 1000;
  for (int i = 0; i < 10; ++i) {
    for (int k = 0; k < 10; ++k) records.push_back({pid++, 10, 800001, "true", 0.0002, 0.002, 0});
    records.push_back({pid++, 20, 800001, "asleep", 0.002, 0.5, 0});
    waited += 2;
    process(10, "sh", 0, waited);
    tick(w, 0.022);
  }
  EXPECT_NEAR(joules(Level::process, "true"), 0.2, 1e-9);
  EXPECT_NEAR(joules(Level::process, "asleep"), 0.02, 1e-9);
  EXPECT_EQ(joules(Level::process, "sh"), 0);
  EXPECT_NEAR(joules(Level::user, "uid 800001"), 0.22, 1e-9);
  EXPECT_LT(book.sums(Domain::cpu).unattributed, 0.005);
  tick(w, 0);
  tick(w, 0);
  for (const auto& c : book.consumers())
    if (c.name == "true") {
      EXPECT_FALSE(c.alive);
    }
}

TEST_F(Watched, WhatRecordsTellIsNotFoundAgainInTheParentsSum) {
  process(10, "make", 0);
  process(11, "long", 0, 0, 10);
  WorkWatch w = watch(true);
  tick(w, 0);
  process(11, "long", 100, 0, 10);
  tick(w, 1);
  // "long" is gone after 1.5 s; a brief one and its brief child, all told in full; the sums follow a tick later.
  died(11);
  records = {{501, 500, 800001, "as", 0.25, 0.25, 0},
             {500, 10, 800001, "cc1", 0.5, 0.75, 0},
             {11, 10, 800001, "long", 1.5, 3, 0}};
  tick(w, 1.25);
  process(10, "make", 0, 225);
  tick(w, 0);
  tick(w, 0);
  EXPECT_NEAR(joules(Level::process, "long"), 1.5, 1e-9);
  EXPECT_NEAR(joules(Level::process, "cc1"), 0.5, 1e-9);
  EXPECT_NEAR(joules(Level::process, "as"), 0.25, 1e-9);
  EXPECT_EQ(joules(Level::process, "make"), 0);
  EXPECT_NEAR(book.sums(Domain::cpu).energy, 2.25, 1e-9);
  // And what a brief one's child lacks is found in the sum of who is left.
  records = {{601, 600, 800001, "ld", 0, 0.003, 0}, {600, 10, 800001, "cc1", 0, 0.003, 0}};
  process(10, "make", 0, 226);
  tick(w, 0.01);
  EXPECT_NEAR(joules(Level::process, "ld"), 0.005, 1e-9);
  EXPECT_NEAR(joules(Level::process, "cc1"), 0.505, 1e-9);
}

TEST_F(Watched, ANewParentsChildrenAreAllNew) {
  process(10, "init", 0);
  WorkWatch w = watch(true);
  tick(w, 0);
  const long started = static_cast<long>(now / second) * ::sysconf(_SC_CLK_TCK) + 50;
  process(30, "sh", 0, 40, 10, "/", started);
  for (int k = 0; k < 100; ++k) records.push_back({1000 + k, 30, 800001, "true", 0, 0.004, 0});
  tick(w, 0.4);
  tick(w, 0);
  EXPECT_NEAR(joules(Level::process, "true"), 0.4, 1e-9);
}

TEST_F(Watched, WhereRecordsWereLostTheParentGetsTheirWork) {
  process(10, "make", 0);
  auto exits = std::make_unique<MadeUpExits>(records);
  exits->overrun = true;
  WorkWatch w(tree.roots(), 4, find_cpu_times(tree.roots()), std::move(exits), "");
  tick(w, 0);
  records = {{500, 10, 800001, "cc1", 0.0, 0.001, 0}};
  process(10, "make", 0, 100);
  tick(w, 1);
  EXPECT_NEAR(joules(Level::process, "cc1"), 0.001, 1e-9);
  EXPECT_NEAR(joules(Level::process, "make"), 0.999, 1e-9);
  EXPECT_FALSE(w.warnings().empty());
}

TEST_F(Watched, WithoutWordOfEndsParentsTell) {
  process(10, "make", 0, 500);
  WorkWatch w = watch(false);
  tick(w, 0);
  EXPECT_FALSE(w.warnings().empty());
  int waited = 500;
  for (int i = 0; i < 20; ++i) {
    waited += 50;
    process(10, "make", 0, waited);
    tick(w, 0.5);
  }
  // 10 s of children that nobody saw; the first ticks find out that there is something to be asked.
  EXPECT_GT(joules(Level::process, "make"), 8.5);
  EXPECT_NEAR(joules(Level::process, "make") + book.sums(Domain::cpu).unattributed, 10, 0.1);
}

TEST_F(Watched, ChildrenThatWereSeenAreNotToldAgainByTheirParent) {
  process(10, "make", 0, 0);
  process(11, "child", 0, 0, 10);
  WorkWatch w = watch(false);
  tick(w, 1);  // something unseen, so that sums are asked
  tick(w, 1);
  for (int i = 1; i <= 5; ++i) {
    process(11, "child", 100 * i, 0, 10);
    tick(w, 2);
  }
  died(11);
  process(10, "make", 0, 500);
  const double before = joules(Level::process, "make");
  for (int i = 0; i < 3; ++i) tick(w, 1);
  EXPECT_NEAR(joules(Level::process, "make"), before, 1e-9);
  EXPECT_NEAR(joules(Level::process, "child"), 5, 1e-9);
}

TEST_F(Watched, WhatParentsDoNotTellTheCgroupDoes) {
  tree.put("sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
  const std::string place = "/docker/" + box, file = "sys/fs/cgroup" + place + "/cpu.stat";
  const auto usage = [&](double s) { tree.put(file, fmt::format("usage_usec {}\n", std::llround(s * 1e6))); };
  usage(100);
  process(10, "sh", 0, 0, 1, place);
  WorkWatch w = watch(false);
  tick(w, 0);
  double used = 100;
  for (int i = 1; i <= 20; ++i) {
    used += 1;  // 0.25 of it by the shell
    usage(used);
    process(10, "sh", 25 * i, 0, 1, place);
    tick(w, 1);
  }
  EXPECT_NEAR(joules(Level::process, "sh"), 5, 1e-9);
  EXPECT_GT(joules(Level::process, "short-lived"), 12.5);
  EXPECT_NEAR(joules(Level::container, box) + book.sums(Domain::cpu).unattributed, 20, 0.2);
}

TEST_F(Watched, TheRestOfACgroupIsNoJobsThatOneOfItsProcessesNames) {
  tree.put("sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
  const std::string place = "/user.slice/session-1.scope";
  const auto usage = [&](double s) {
    tree.put("sys/fs/cgroup" + place + "/cpu.stat", fmt::format("usage_usec {}\n", std::llround(s * 1e6)));
  };
  usage(0);
  process(10, "train", 0, 0, 1, place);
  tree.put("proc/10/environ", "SLURM_JOB_ID=7" + std::string(1, '\0'));
  process(11, "sh", 0, 0, 1, place);
  WorkWatch w = watch(false);
  tick(w, 0);
  for (int i = 1; i <= 20; ++i) {
    usage(i);
    process(10, "train", 25 * i, 0, 1, place);
    tick(w, 1);
  }
  EXPECT_NEAR(joules(Level::job, "7"), 5, 1e-9);
  EXPECT_GT(joules(Level::process, "short-lived"), 12);
  EXPECT_GT(joules(Level::job, "outside"), 12);
}

TEST_F(Watched, ProcessesThatNobodySawAreOfTheJobOfTheirParent) {
  process(10, "bash", 0);
  tree.put("proc/10/environ", "SLURM_JOB_ID=7" + std::string(1, '\0'));
  WorkWatch w = watch(true);
  tick(w, 0);
  records = {{500, 10, 800001, "cc1", 0.5}};
  tick(w, 0.5);
  EXPECT_NEAR(joules(Level::job, "7"), 0.5, 1e-12);
}

TEST_F(Watched, ContainersThatComeAndGoLeaveNoAccountsBehind) {
  tree.put("sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
  process(1, "init", 0);
  WorkWatch w = watch(false);
  tick(w, 0);
  tick(w, 1);  // something unseen, so that sums are asked
  constexpr int containers = 200;
  for (int i = 0; i < containers; ++i) {
    const std::string place = fmt::format("/docker/{:064x}", i + 1), file = "sys/fs/cgroup" + place + "/cpu.stat";
    tree.put(file, "usage_usec 0\n");
    process(1000 + i, "sh", 0, 0, 1, place, 100'000 + i);
    tick(w, 0);
    tree.put(file, "usage_usec 1000000\n");  // of one that came and went
    tick(w, 1);
    died(1000 + i);
    tree.remove("sys/fs/cgroup" + place);
  }
  tick(w, 0);
  tick(w, 0);
  std::size_t alive = 0, kept = 0;
  for (const auto& c : book.consumers()) {
    if (c.level != Level::process || c.name != "short-lived") continue;
    ++kept;
    alive += c.alive;
  }
  EXPECT_EQ(alive, 0u);
  EXPECT_LT(kept, 150u) << "as many as the book keeps of the ended, and not one a container";
  double processes = 0;
  for (const auto& c : book.consumers())
    if (c.level == Level::process) processes += c.joules[cpu];
  EXPECT_NEAR(processes + book.sums(Domain::cpu).unattributed, book.sums(Domain::cpu).energy, 1e-9);
  EXPECT_GT(processes, 0.7 * containers) << "what they had stays counted";
}

TEST_F(Watched, ServicesAreALevel) {
  process(10, "nginx", 0, 0, 1, "/system.slice/nginx.service");
  process(11, "bash", 0, 0, 1, "/user.slice/user-0.slice/session-1.scope");
  WorkWatch w = watch(true);
  tick(w, 0);
  process(10, "nginx", 100, 0, 1, "/system.slice/nginx.service");
  process(11, "bash", 50, 0, 1, "/user.slice/user-0.slice/session-1.scope");
  records = {{500, 10, 800001, "helper", 0.25}};
  tick(w, 1.75);
  EXPECT_NEAR(joules(Level::service, "nginx.service"), 1.25, 1e-9);
  EXPECT_NEAR(joules(Level::service, "outside"), 0.5, 1e-9);
}

TEST_F(Watched, CgroupsOfTheFirstVersionToo) {
  tree.put("sys/fs/cgroup/cpuacct/cpuacct.usage", "0\n");
  const auto usage = [&](double s) {
    tree.put("sys/fs/cgroup/cpuacct/slurm/uid_1/job_5/cpuacct.usage", fmt::format("{}\n", std::llround(s * 1e9)));
  };
  const auto process_of_job = [&](int ticks) {
    process(10, "sh", ticks);
    tree.put("proc/10/cgroup", "4:cpuacct:/slurm/uid_1/job_5\n0::/\n");
  };
  usage(1);
  process_of_job(0);
  WorkWatch w = watch(false);
  tick(w, 0);
  for (int i = 1; i <= 20; ++i) {
    usage(1 + i);
    tick(w, 1);
  }
  EXPECT_GT(joules(Level::job, "5"), 16);
  EXPECT_GT(joules(Level::process, "short-lived of job 5"), 16) << "two jobs outside containers are told apart";
}

TEST_F(Watched, ThousandsThatComeAndGoAddUp) {
  process(10, "make", 0, 0, 1, "/docker/" + box);
  WorkWatch w = watch(true);
  tick(w, 0);
  int pid = 1000;
  double all = 0;
  for (int i = 1; i <= 50; ++i) {
    for (int k = 0; k < 1000; ++k) {
      const double s = 0.0005 + 0.000001 * (k % 7);
      records.push_back({pid++, 10, 800001, fmt::format("p{}", k % 30), s});
      all += s;
    }
    process(10, "make", 10 * i, 0, 1, "/docker/" + box);
    all += 0.1;
    // The kernel's sum goes by ticks.
    tick(w, std::floor(all * 100) / 100 - std::floor((all - 0.1 - 0.503) * 100) / 100);
  }
  const auto& sums = book.sums(Domain::cpu);
  double processes = 0;
  for (const auto& c : book.consumers())
    if (c.level == Level::process) processes += c.joules[cpu];
  EXPECT_NEAR(processes + sums.unattributed, sums.energy, sums.energy * 1e-9);
  EXPECT_NEAR(processes, all, all * 0.005);
  EXPECT_LT(sums.unattributed, all * 0.005);
  EXPECT_LT(book.consumers().size(), 200u);
}

}  // namespace
}  // namespace wattline::meter
