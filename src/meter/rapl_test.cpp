#include "meter/rapl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "meter/as_nobody.h"
#include "meter/fake_tree.h"

namespace wattline::meter {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using tests::FakeTree;

std::vector<std::string> counted(const Found& found) {
  std::vector<std::string> out;
  for (const auto& s : found.sources)
    if (s->info().counted) out.push_back(s->info().component);
  return out;
}

TEST(Rapl, TwoPackagesWithMemoryAndPlatform) {
  FakeTree tree;
  tree.zone("intel-rapl:0", "package-0", "1000000");
  tree.zone("intel-rapl:0:0", "core", "600000");
  tree.zone("intel-rapl:0:1", "uncore", "100000");
  tree.zone("intel-rapl:0:2", "dram", "250000");
  tree.zone("intel-rapl:1", "package-1", "3000000");
  tree.zone("intel-rapl:1:0", "dram", "350000");
  tree.zone("intel-rapl:2", "psys", "9000000");
  tree.zone("intel-rapl-mmio:0", "package-0", "1000000");
  tree.put("sys/class/powercap/intel-rapl/enabled", "1\n");
  const Found found = find_rapl(tree.roots());
  EXPECT_THAT(counted(found), ElementsAre("package-0", "package-1", "dram-0", "dram-1"));
  EXPECT_THAT(found.obstacles, IsEmpty());
  ASSERT_EQ(found.sources.size(), 5u);
  const auto* psys = found.sources[2].get();
  EXPECT_EQ(psys->info().component, "psys");
  EXPECT_EQ(psys->info().domain, Domain::platform);
  EXPECT_THAT(psys->info().not_counted_because, HasSubstr("contains"));
  EXPECT_DOUBLE_EQ(*found.sources[0]->read(), 1.0);
  EXPECT_DOUBLE_EQ(found.sources[0]->info().range, 262143.328850);
}

TEST(Rapl, OnlyTheOtherPathStillCounts) {
  FakeTree tree;
  tree.zone("intel-rapl-mmio:0", "package-0", "1000000");
  EXPECT_THAT(counted(find_rapl(tree.roots())), ElementsAre("package-0"));
}

TEST(Rapl, AmdHasPackageAndTheReadersCore) {
  FakeTree tree;
  tree.zone("intel-rapl:0", "package-0", "1000000", "65532610987");
  tree.zone("intel-rapl:0:0", "core", "600000", "65532610987");
  EXPECT_THAT(counted(find_rapl(tree.roots())), ElementsAre("package-0"));
}

TEST(Rapl, APowerLimitBoundsWhatAWrapMayBe) {
  FakeTree tree;
  tree.zone("intel-rapl:0", "package-0", "1000000");
  tree.put("sys/class/powercap/intel-rapl:0/constraint_0_max_power_uw", "65000000\n");
  EXPECT_DOUBLE_EQ(find_rapl(tree.roots()).sources.at(0)->info().most.base(), 260);
}

TEST(Rapl, SwitchedOffZonesStandStill) {
  FakeTree tree;
  tree.zone("intel-rapl:0", "package-0", "1000000");
  tree.put("sys/class/powercap/intel-rapl:0/enabled", "0\n");
  const Found found = find_rapl(tree.roots());
  EXPECT_THAT(found.sources, IsEmpty());
  ASSERT_EQ(found.obstacles.size(), 1u);
  EXPECT_THAT(found.obstacles[0].why, HasSubstr("switched off"));
  EXPECT_THAT(found.obstacles[0].mend, HasSubstr("echo 1"));
}

TEST(Rapl, WhatCannotBeReadIsExplained) {
  FakeTree tree;
  tree.zone("intel-rapl:0", "package-0", "1000000");
  tree.zone("intel-rapl:1", "package-1", "1000000");
  std::filesystem::permissions(tree.path("sys/class/powercap/intel-rapl:0/energy_uj"), std::filesystem::perms::none);
  std::filesystem::permissions(tree.path(""), std::filesystem::perms(0755));
  const std::string said = tests::as_nobody([&] {
    const Found found = find_rapl(tree.roots());
    std::string out = std::to_string(found.sources.size()) + " read";
    for (const auto& o : found.obstacles) out += "\n" + o.why + "\n" + o.mend;
    return out;
  });
  EXPECT_THAT(said, testing::StartsWith("1 read\n")) << "the other one still is";
  EXPECT_THAT(said, HasSubstr("Permission denied"));
  EXPECT_THAT(said, HasSubstr("setcap"));
}

TEST(Rapl, RubbishAndEmptyFilesAreNoCounters) {
  FakeTree tree;
  tree.zone("intel-rapl:0", "package-0", "");
  tree.zone("intel-rapl:1", "package-1", "12 apples");
  tree.zone("intel-rapl:2", "package-2", "5");
  tree.remove("sys/class/powercap/intel-rapl:2/energy_uj");
  std::filesystem::create_directories(tree.path("sys/class/powercap/intel-rapl:2/energy_uj"));
  tree.zone("intel-rapl:zz", "package-9", "5");
  tree.put("sys/class/powercap/intel-rapl:3/energy_uj", "5\n");  // no name
  const Found found = find_rapl(tree.roots());
  EXPECT_THAT(found.sources, IsEmpty());
  EXPECT_EQ(found.obstacles.size(), 3u);
}

TEST(Rapl, ZonesWithoutARangeAreNeverPutRight) {
  FakeTree tree;
  tree.zone("intel-rapl:0", "package-0", "1", "0");
  EXPECT_EQ(find_rapl(tree.roots()).sources.at(0)->info().range, 0);
}

TEST(Rapl, MissingAndEmptyFoldersSaySo) {
  FakeTree tree;
  EXPECT_THAT(find_rapl(tree.roots()).obstacles.at(0).why, HasSubstr("there is no"));
  std::filesystem::create_directories(tree.path("sys/class/powercap"));
  EXPECT_THAT(find_rapl(tree.roots()).obstacles.at(0).mend, HasSubstr("container"));
}

TEST(Rapl, AFileThatVanishesIsAFailedReading) {
  FakeTree tree;
  tree.zone("intel-rapl:0", "package-0", "1000000");
  const Found found = find_rapl(tree.roots());
  EXPECT_TRUE(found.sources.at(0)->read());
  tree.put("sys/class/powercap/intel-rapl:0/energy_uj", "");  // as a driver that is unloaded leaves it
  EXPECT_FALSE(found.sources.at(0)->read());
  EXPECT_THAT(found.sources.at(0)->trouble(), HasSubstr("energy_uj"));
}

TEST(Rapl, RealTree) {
  const auto shared = wattline::tests::shared_dir();
  if (!shared) GTEST_SKIP() << "skipped: no shared data";
  const Found found = find_rapl({*shared / "data/sysfs-fixtures/sys", "/proc"});
  EXPECT_THAT(counted(found), ElementsAre("package-0", "package-10"));
  EXPECT_DOUBLE_EQ(*found.sources[0]->read(), 240422.366267);
}

}  // namespace
}  // namespace wattline::meter
