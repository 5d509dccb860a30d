#include "meter/attribution/reservations.h"

#include <gtest/gtest.h>

#include "meter/fake_tree.h"

namespace wattline::meter {
namespace {

std::shared_ptr<const CgroupPlace> place(const std::string& text) {
  return std::make_shared<const CgroupPlace>(parse_cgroups(text));
}
std::string box(char c) { return "/docker/" + std::string(64, c); }

TEST(Reservations, LimitsAsTheKernelWritesThem) {
  EXPECT_DOUBLE_EQ(*parse_cpu_max("200000 100000\n"), 2);
  EXPECT_DOUBLE_EQ(*parse_cpu_max("50000 100000"), 0.5);
  for (const char* bad : {"", "max 100000\n", "100000\n", "0 100000", "1 0", "-1 100000", "a b"})
    EXPECT_FALSE(parse_cpu_max(bad)) << bad;
}

TEST(Reservations, OfBothVersionsAndOnceForEachContainer) {
  tests::FakeTree tree;
  tree.put("sys/fs/cgroup" + box('a') + "/cpu.max", "200000 100000\n");
  tree.put("sys/fs/cgroup" + box('b') + "/cpu.max", "max 100000\n");
  tree.put("sys/fs/cgroup/cpu" + box('c') + "/cpu.cfs_quota_us", "100000\n");
  tree.put("sys/fs/cgroup/cpu" + box('c') + "/cpu.cfs_period_us", "100000\n");
  tree.put("sys/fs/cgroup/cpu" + box('d') + "/cpu.cfs_quota_us", "-1\n");
  tree.put("sys/fs/cgroup/cpu" + box('d') + "/cpu.cfs_period_us", "100000\n");
  const auto all = read_reservations(
      tree.roots(), 8,
      {place("0::" + box('a') + "\n"), place("0::" + box('a') + "\n1:memory:/\n"), place("0::" + box('b') + "\n"),
       place("3:cpuacct:" + box('c') + "\n"), place("3:cpuacct:" + box('d') + "\n"), place("0::/user.slice\n")});
  ASSERT_EQ(all.size(), 2u);
  EXPECT_DOUBLE_EQ(all[0].share, 0.25);
  EXPECT_DOUBLE_EQ(all[1].share, 0.125);
}

TEST(Reservations, MoreThanThereIsIsCutToIt) {
  tests::FakeTree tree;
  tree.put("sys/fs/cgroup" + box('a') + "/cpu.max", "800000 100000\n");
  tree.put("sys/fs/cgroup" + box('b') + "/cpu.max", "900000000 100000\n");
  const auto all = read_reservations(tree.roots(), 8, {place("0::" + box('a') + "\n"), place("0::" + box('b') + "\n")});
  ASSERT_EQ(all.size(), 2u);
  EXPECT_DOUBLE_EQ(all[0].share + all[1].share, 1);
}

}  // namespace
}  // namespace wattline::meter
