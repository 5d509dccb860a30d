#include "meter/hwmon.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "meter/fake_tree.h"

namespace wattline::meter {
namespace {

using testing::HasSubstr;
using tests::FakeTree;

const Source* find(const Found& found, const std::string& component) {
  for (const auto& s : found.sources)
    if (s->info().component == component) return s.get();
  return nullptr;
}

TEST(Hwmon, AmdEnergyCountsSocketsNotTheirCores) {
  FakeTree tree;
  const std::string chip = "sys/class/hwmon/hwmon3/";
  tree.put(chip + "name", "amd_energy\n");
  tree.put(chip + "energy1_input", "100000000\n");
  tree.put(chip + "energy1_label", "Ecore000\n");
  tree.put(chip + "energy65_input", "900000000\n");
  tree.put(chip + "energy65_label", "Esocket0\n");
  const Found found = find_hwmon(tree.roots());
  ASSERT_TRUE(find(found, "amd_energy-Esocket0"));
  EXPECT_TRUE(find(found, "amd_energy-Esocket0")->info().counted);
  EXPECT_EQ(find(found, "amd_energy-Esocket0")->info().domain, Domain::cpu);
  ASSERT_TRUE(find(found, "amd_energy-Ecore000"));
  EXPECT_FALSE(find(found, "amd_energy-Ecore000")->info().counted);
  EXPECT_THAT(find(found, "amd_energy-Ecore000")->info().not_counted_because, HasSubstr("part"));
}

TEST(Hwmon, GraphicsPowerIsTheMeanWhereThereIsOne) {
  FakeTree tree;
  const std::string chip = "sys/class/hwmon/hwmon1/";
  tree.put(chip + "name", "amdgpu\n");
  tree.put(chip + "power1_average", "118000000\n");
  tree.put(chip + "power1_input", "120000000\n");
  Found found = find_hwmon(tree.roots());
  ASSERT_EQ(found.sources.size(), 1u);
  EXPECT_DOUBLE_EQ(*found.sources[0]->read(), 118);
  EXPECT_EQ(found.sources[0]->info().domain, Domain::gpu);
  EXPECT_EQ(found.sources[0]->info().kind, SourceKind::power);
}

TEST(Hwmon, UnavailableNegativeAndDisabledChannelsAreLeftOut) {
  FakeTree tree;
  const std::string chip = "sys/class/hwmon/hwmon1/";
  tree.put(chip + "name", "amdgpu\n");
  tree.put(chip + "power1_input", "4294967295000\n");
  tree.put(chip + "power2_input", "-5\n");
  tree.put(chip + "power3_input", "5000000\n");
  tree.put(chip + "power3_enable", "0\n");
  tree.put(chip + "power4_input", "five\n");
  tree.put(chip + "power_input", "5000000\n");
  EXPECT_TRUE(find_hwmon(tree.roots()).sources.empty());
}

TEST(Hwmon, WhatAnUnknownChipFeedsIsShownAndNotAdded) {
  FakeTree tree;
  tree.put("sys/class/hwmon/hwmon0/name", "mystery\n");
  tree.put("sys/class/hwmon/hwmon0/power1_input", "30000000\n");
  const Found found = find_hwmon(tree.roots());
  ASSERT_EQ(found.sources.size(), 1u);
  EXPECT_FALSE(found.sources[0]->info().counted);
  EXPECT_THAT(found.sources[0]->info().not_counted_because, HasSubstr("mystery"));
}

TEST(Hwmon, NothingThereSaysSo) {
  FakeTree tree;
  EXPECT_THAT(find_hwmon(tree.roots()).obstacles.at(0).why, HasSubstr("missing"));
}

TEST(Hwmon, RealTree) {
  const auto shared = wattline::tests::shared_dir();
  if (!shared) GTEST_SKIP() << "skipped: no shared data";
  const Found found = find_hwmon({*shared / "data/sysfs-fixtures/sys", "/proc"});
  ASSERT_TRUE(find(found, "k10temp-Package"));
  EXPECT_TRUE(find(found, "k10temp-Package")->info().counted);
  EXPECT_FALSE(find(found, "k10temp-Core")->info().counted);
  EXPECT_DOUBLE_EQ(*const_cast<Source*>(find(found, "k10temp-Package"))->read(), 45);
  EXPECT_FALSE(find(found, "test_power_chip-PSU_Rail_C")) << "its power3_enable is 0";
  ASSERT_TRUE(find(found, "power_chip-1"));
  EXPECT_EQ(find(found, "power_chip-1")->info().kind, SourceKind::energy);
  // A chip without a name goes by its folder.
  EXPECT_TRUE(find(found, "hwmon_dir_fallback-dir_fallback_test"));
}

}  // namespace
}  // namespace wattline::meter
