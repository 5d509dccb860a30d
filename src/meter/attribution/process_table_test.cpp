#include "meter/attribution/process_table.h"

#include <map>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "meter/fake_tree.h"

namespace wattline::meter {
namespace {

constexpr std::int64_t second = 1'000'000'000;

// Clocks as the kernel has them, of processes that the test makes up.
struct MadeUp {
  std::map<int, double> seconds;
  int asked = 0;
};
class MadeUpTimes : public CpuTimes {
 public:
  explicit MadeUpTimes(MadeUp& of) : made_up_(of) {}
  std::optional<CpuTime> of(int pid) override {
    ++made_up_.asked;
    const auto it = made_up_.seconds.find(pid);
    return it == made_up_.seconds.end() ? std::nullopt : std::optional(CpuTime{it->second, 0});
  }
  bool cheap() const override { return true; }
  std::string name() const override { return "made up"; }
  Duration resolution() const override { return Duration(1e-9); }

 private:
  MadeUp& made_up_;
};

class Table : public testing::Test {
 protected:
  void born(int pid, const std::string& name, double seconds, long started = 0) {
    made_up.seconds[pid] = seconds;
    put(pid, name, started);
  }
  void put(int pid, const std::string& name, long started) {
    tree.put(fmt::format("proc/{}/stat", pid),
             fmt::format("{} ({}) S 1 1 1 0 -1 1 1 2 3 4 0 0 0 0 20 0 1 0 {} 0 0\n", pid, name, started));
    tree.put(fmt::format("proc/{}/cgroup", pid), fmt::format("0::/docker/{}\n", std::string(64, 'c')));
  }
  void died(int pid) {
    made_up.seconds.erase(pid);
    tree.remove(fmt::format("proc/{}", pid));
  }
  void last_pid(int pid) { tree.put("proc/loadavg", fmt::format("1 1 1 1/9 {}\n", pid)); }
  ProcessTable table() { return ProcessTable(tree.roots(), std::make_unique<MadeUpTimes>(made_up)); }

  tests::FakeTree tree;
  MadeUp made_up;
};

TEST_F(Table, AJobIsKnownByTheEnvironmentWhereItHasNoCgroup) {
  const auto environment = [&](int pid, const std::string& job) {
    tree.put(fmt::format("proc/{}/environ", pid), "HOME=/" + std::string(1, '\0') + "SLURM_JOB_ID=" + job + '\0');
  };
  born(1, "slurmstepd", 0);
  last_pid(1);
  auto t = table();
  t.look(second);
  // Born with its parent's environment, and soon another program with one of its own.
  born(2, "slurmstepd", 0.01);
  last_pid(2);
  t.look(2 * second);
  EXPECT_EQ(t.find(2)->place->environment_job, "");
  put(2, "python3", 0);
  environment(2, "4711");
  made_up.seconds[2] = 0.5;
  t.look(3 * second);
  EXPECT_EQ(t.find(2)->place->environment_job, "4711");
  EXPECT_EQ(t.find(2)->place->container, std::string(64, 'c')) << "and its container is still known";
  // A child that says nothing is its parent's.
  tree.put("proc/3/stat", "3 (worker) S 2 1 1 0 -1 1 1 2 3 4 0 0 0 0 20 0 1 0 0 0 0\n");
  made_up.seconds[3] = 0;
  last_pid(3);
  t.look(4 * second);
  EXPECT_EQ(t.find(3)->place->environment_job, "4711");
  // A cgroup that names a job is believed before that.
  born(4, "other", 0);
  tree.put("proc/4/cgroup", "0::/system.slice/slurmstepd.scope/job_5/step_0\n");
  environment(4, "4711");
  last_pid(4);
  t.look(5 * second);
  EXPECT_EQ(t.find(4)->place->job, "5");
  EXPECT_EQ(t.find(4)->place->environment_job, "");
  // What it says later is not asked again and again.
  environment(2, "9");
  made_up.seconds[2] = 2;
  t.look(40 * second);
  t.look(80 * second);
  EXPECT_EQ(t.find(2)->place->environment_job, "4711");
}

TEST_F(Table, WhatWasUsedBeforeIsNoWork) {
  born(1, "init", 100);
  born(50, "one", 5);
  last_pid(60);
  ProcessTable t = table();
  t.look(1000 * second);
  ASSERT_EQ(t.processes().size(), 2u);
  for (const auto& p : t.processes()) EXPECT_EQ(p.worked, 0);
  EXPECT_EQ(t.find(50)->place->container, std::string(64, 'c'));
  made_up.seconds[50] = 5.25;
  t.look(1001 * second);
  EXPECT_DOUBLE_EQ(t.find(50)->worked, 0.25);
  EXPECT_EQ(t.find(1)->worked, 0);
}

TEST_F(Table, NewOnesAreFoundByTheirNumbersAndTheirWholeTimeIsWork) {
  born(1, "init", 100);
  last_pid(60);
  ProcessTable t = table();
  t.look(1000 * second);
  made_up.asked = 0;
  t.look(1001 * second);
  EXPECT_EQ(made_up.asked, 1);  // nothing was born: the known one alone is asked
  born(61, "new", 0.5, 100'150);
  born(40, "unseen before", 7, 50);  // its number does not come by: it is found by the list, later
  last_pid(62);
  t.look(1002 * second);
  ASSERT_TRUE(t.find(61));
  EXPECT_DOUBLE_EQ(t.find(61)->worked, 0.5);
  EXPECT_FALSE(t.find(40));
  t.look(1040 * second);
  ASSERT_TRUE(t.find(40));
  EXPECT_EQ(t.find(40)->worked, 0);  // it is older than the look before
}

TEST_F(Table, NumbersBeginAnewAtTheirEnd) {
  tree.put("proc/sys/kernel/pid_max", "32768\n");
  born(1, "init", 1);
  last_pid(32760);
  ProcessTable t = table();
  t.look(1000 * second);
  born(32767, "late", 0.1, 100'010);
  born(301, "early", 0.2, 100'020);
  last_pid(305);
  t.look(1001 * second);
  EXPECT_TRUE(t.find(32767) && t.find(301));
}

TEST_F(Table, ANumberGivenAnewIsAnotherProcessEvenIfItWorkedMore) {
  born(1, "init", 1);
  born(70, "old", 1, 500);
  last_pid(70);
  ProcessTable t = table();
  t.look(1000 * second);
  died(70);
  born(70, "new", 2, 100'050);
  last_pid(80);
  tree.put("proc/sys/kernel/pid_max", "32768\n");
  last_pid(69);  // the numbers went round
  t.look(1001 * second);
  last_pid(75);
  t.look(1002 * second);
  ASSERT_TRUE(t.find(70));
  EXPECT_EQ(t.find(70)->name, "new");
  EXPECT_EQ(t.find(70)->started, 100'050);
}

TEST_F(Table, TheDeadAreTold) {
  born(1, "init", 1);
  born(70, "brief", 1);
  last_pid(70);
  ProcessTable t = table();
  t.look(1000 * second);
  died(70);
  t.look(1001 * second);
  ASSERT_EQ(t.ended().size(), 1u);
  EXPECT_EQ(t.ended()[0].name, "brief");
  EXPECT_EQ(t.ended()[0].used, 1);
  t.look(1002 * second);
  EXPECT_TRUE(t.ended().empty());
}

TEST_F(Table, ANameAndAPlaceThatComeAfterBirthAreSeen) {
  born(1, "init", 1);
  last_pid(60);
  ProcessTable t = table();
  t.look(1000 * second);
  born(61, "sh", 0.01, 100'000);
  last_pid(61);
  t.look(1001 * second);
  EXPECT_EQ(t.find(61)->name, "sh");
  put(61, "cc1plus", 100'000);
  tree.put("proc/61/cgroup", "0::/kubepods/pod2b7c1f9e-0a4d-4c1b-9a1e-3f2d5c6b7a80/" + std::string(64, 'd') + "\n");
  made_up.seconds[61] = 0.5;
  t.look(1002 * second);
  EXPECT_EQ(t.find(61)->name, "cc1plus");
  EXPECT_TRUE(t.find(61)->changed);
  EXPECT_EQ(t.find(61)->place->container, std::string(64, 'd'));
  made_up.seconds[61] = 0.6;
  t.look(1003 * second);
  EXPECT_FALSE(t.find(61)->changed);
}

TEST_F(Table, HiddenProcessesAreCountedWithoutTheirNames) {
  // As under hidepid: not listed, no files, and the clock answers.
  made_up.seconds = {{1, 5.0}, {20, 3.0}};
  born(30, "mine", 1);
  last_pid(40);
  ProcessTable t = table();
  t.look(1000 * second);
  ASSERT_EQ(t.processes().size(), 3u);
  EXPECT_TRUE(t.find(20)->hidden);
  EXPECT_EQ(t.find(20)->name, "pid 20");
  EXPECT_NE(t.trouble().find("hidepid"), std::string::npos);
  made_up.seconds[20] = 4;
  t.look(1002 * second);
  EXPECT_DOUBLE_EQ(t.find(20)->worked, 1);
  made_up.seconds.erase(20);
  made_up.seconds.erase(1);
  t.look(1003 * second);
  EXPECT_EQ(t.trouble(), "");
}

TEST_F(Table, AProcThatCannotBeListedIsSaid) {
  ProcessTable t({tree.path("sys"), tree.path("nowhere")}, std::make_unique<MadeUpTimes>(made_up));
  t.look(second);
  EXPECT_TRUE(t.processes().empty());
  EXPECT_NE(t.trouble().find("cannot list"), std::string::npos);
}

TEST(CpuTimes, ClocksAndFilesTellTheSameOfOurselves) {
  double x = 1;
  for (int i = 0; i < 30'000'000; ++i) x = x * 1.0000001 + 1e-9;
  EXPECT_GT(x, 1);
  const auto clock = cpu_clocks()->of(::getpid()), file = stat_files(Roots{}, 4)->of(::getpid());
  ASSERT_TRUE(clock && file);
  EXPECT_NEAR(clock->seconds, file->seconds, 0.1 + 0.05 * clock->seconds);
  EXPECT_GT(file->started, 0);
  EXPECT_FALSE(cpu_clocks()->of(0));
  EXPECT_FALSE(cpu_clocks()->of(-5));
  EXPECT_FALSE(cpu_clocks()->of(1 << 29));
}

TEST(CpuTimes, FilesAreReadWithAndWithoutRoomForDescriptors) {
  tests::FakeTree tree;
  const auto put = [&](int pid, int ticks, int started) {
    tree.put(fmt::format("proc/{}/stat", pid),
             fmt::format("{} (x) S 1 1 1 0 -1 1 1 2 3 4 {} 0 0 0 20 0 1 0 {} 0 0\n", pid, ticks, started));
  };
  for (int pid = 1; pid <= 5; ++pid) put(pid, pid * 100, pid);
  const auto times = stat_files(tree.roots(), 2);
  for (int round = 0; round < 2; ++round)
    for (int pid = 1; pid <= 5; ++pid) {
      put(pid, (pid + round) * 100, pid);
      const auto t = times->of(pid);
      ASSERT_TRUE(t);
      EXPECT_NEAR(t->seconds, (pid + round) * 100.0 / static_cast<double>(::sysconf(_SC_CLK_TCK)), 1e-9);
      EXPECT_EQ(t->started, pid);
    }
  EXPECT_FALSE(times->of(6));
  tree.put("proc/7/stat", "garbage");
  EXPECT_FALSE(times->of(7));
  EXPECT_EQ(find_cpu_times(tree.roots())->name(), times->name());
}

}  // namespace
}  // namespace wattline::meter
