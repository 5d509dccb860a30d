#include "meter/hwmon.h"

#include <map>

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

TEST(Hwmon, UnavailableNegativeAndDisabledChannelsAreLeftOut) {
  FakeTree tree;
  const std::string chip = "sys/class/hwmon/hwmon1/";
  tree.put(chip + "name", "zenpower\n");
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

TEST(Hwmon, VoltageTimesCurrentAsTheChipPairsThem) {
  FakeTree tree;
  const auto chip = [&](const std::string& folder, const std::string& name,
                        std::vector<std::pair<std::string, std::string>> files) {
    tree.put("sys/class/hwmon/" + folder + "/name", name + "\n");
    for (const auto& [file, value] : files) tree.put("sys/class/hwmon/" + folder + "/" + file, value + "\n");
  };
  chip("hwmon0", "ina226", {{"in0_input", "3"}, {"in1_input", "12000"}, {"curr1_input", "1500"}});
  chip("hwmon1", "max20730", {{"in1_input", "12000"}, {"in2_input", "1000"}, {"curr1_input", "20000"}});
  chip("hwmon2", "ltc2992",
       {{"in0_input", "5000"}, {"curr1_input", "100"}, {"in2_input", "3000"}, {"curr2_input", "50"}});
  chip("hwmon3", "other",
       {{"in1_input", "5000"}, {"in2_input", "9000"}, {"curr2_input", "1000"}, {"curr2_label", "rail"}});
  chip("hwmon4", "means",
       {{"in1_input", "9"}, {"in1_average", "5000"}, {"curr1_input", "9"}, {"curr1_average", "200"}});
  chip("hwmon5", "half", {{"in1_input", "5000"}, {"in1_average", "1"}, {"curr1_input", "400"}});
  chip("hwmon6", "off", {{"in1_input", "5000"}, {"curr1_input", "400"}, {"in1_enable", "0"}});
  chip("hwmon7", "backwards", {{"in1_input", "5000"}, {"curr1_input", "-400"}});
  const Found found = find_hwmon(tree.roots());
  std::map<std::string, double> watts;
  for (const auto& s : found.sources) {
    watts[s->info().component] = *s->read();
    EXPECT_FALSE(s->info().counted) << "what a rail feeds is not known";
  }
  EXPECT_THAT(watts, testing::ElementsAre(testing::Pair("half-1", 2.0), testing::Pair("ina226-1", 18.0),
                                          testing::Pair("ltc2992-1", 0.5), testing::Pair("ltc2992-2", 0.15),
                                          testing::Pair("max20730-1", 20.0), testing::Pair("means-1", 1.0),
                                          testing::Pair("other-rail", 9.0)));
}

TEST(Hwmon, RailsOfOneLabelAreKeptApart) {
  FakeTree tree;
  const std::string chip = "sys/class/hwmon/hwmon1/";
  tree.put(chip + "name", "psu\n");
  for (const char* k : {"1", "2"}) {
    tree.put(chip + "power" + k + "_input", "5000000\n");
    tree.put(chip + "power" + k + "_label", "Rail\n");
  }
  const Found found = find_hwmon(tree.roots());
  EXPECT_TRUE(find(found, "psu-Rail"));
  EXPECT_TRUE(find(found, "psu-Rail-2"));
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
