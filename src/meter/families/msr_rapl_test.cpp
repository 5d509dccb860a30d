#include "meter/families/msr_rapl.h"

#include <cmath>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "meter/fake_tree.h"

namespace wattline::meter {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using tests::FakeTree;

constexpr const char* skylake_server =
    "vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\nmodel name\t: X\n\nmodel\t: 1\n";
constexpr const char* zen = "vendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 1\n\n";

// A sparse file in the place of the device.
void set_register(FakeTree& tree, int cpu, std::uint32_t number, std::uint64_t value) {
  const std::string name = "dev/cpu/" + std::to_string(cpu) + "/msr";
  if (!std::filesystem::exists(tree.path(name))) tree.put(name, "");
  std::fstream f(tree.path(name), std::ios::binary | std::ios::in | std::ios::out);
  f.seekp(static_cast<std::streamoff>(number));
  f.write(reinterpret_cast<const char*>(&value), sizeof value);
}
void set_package(FakeTree& tree, int cpu, int package) {
  tree.put("sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/physical_package_id",
           std::to_string(package) + "\n");
}
std::vector<std::string> counted(const Found& found) {
  std::vector<std::string> out;
  for (const auto& s : found.sources)
    if (s->info().counted) out.push_back(s->info().family + " " + s->info().component);
  return out;
}

TEST(MsrRapl, WhoHasTheRegistersAndInWhatUnit) {
  ASSERT_TRUE(parse_cpu_identity(skylake_server));
  EXPECT_EQ(parse_cpu_identity(skylake_server)->model, 85u) << "of the first processor";
  EXPECT_TRUE(parse_cpu_identity(zen)->amd);
  EXPECT_FALSE(parse_cpu_identity("vendor_id\t: AuthenticAMD\ncpu family\t: 21\n")) << "before Zen";
  EXPECT_FALSE(parse_cpu_identity("CPU implementer\t: 0x41\n"));
  EXPECT_FALSE(parse_cpu_identity("vendor_id:"));
  EXPECT_DOUBLE_EQ(*msr_energy_unit(0xA0E03), std::exp2(-14));
  EXPECT_FALSE(msr_energy_unit(0)) << "a virtual machine";
  EXPECT_DOUBLE_EQ(*msr_memory_unit({false, 6, 85}, std::exp2(-14)), std::exp2(-16));
  EXPECT_DOUBLE_EQ(*msr_memory_unit({false, 6, 158}, std::exp2(-14)), std::exp2(-14));
  EXPECT_FALSE(msr_memory_unit({false, 6, 42}, std::exp2(-16))) << "it has none";
  EXPECT_FALSE(msr_memory_unit({true, 25, 85}, std::exp2(-16)));
}

TEST(MsrRapl, TwoPackagesOfIntel) {
  FakeTree tree;
  tree.put("proc/cpuinfo", skylake_server);
  for (const int cpu : {0, 1, 2, 3}) {
    set_package(tree, cpu, cpu / 2);
    set_register(tree, cpu, 0x606, 0xA0E03);
    set_register(tree, cpu, 0x611, 0xFFFFFFFF00004000u + static_cast<unsigned>(cpu / 2) * 0x4000u);
    set_register(tree, cpu, 0x619, 0x10000);
  }
  const Found found = find_msr_rapl(tree.roots());
  ASSERT_THAT(counted(found), ElementsAre("msr package-0", "msr dram-0", "msr package-1", "msr dram-1"));
  EXPECT_DOUBLE_EQ(*found.sources[0]->read(), 1) << "the lower 32 bits";
  EXPECT_DOUBLE_EQ(*found.sources[1]->read(), 1);
  EXPECT_DOUBLE_EQ(*found.sources[2]->read(), 2);
  EXPECT_DOUBLE_EQ(found.sources[0]->info().range, 262144);
  EXPECT_THAT(found.sources[2]->info().where, HasSubstr("cpu/2/msr at 0x611"));
}

TEST(MsrRapl, AnAmdPackageWhateverItsDies) {
  FakeTree tree;
  tree.put("proc/cpuinfo", zen);
  for (const int cpu : {0, 8}) {
    set_package(tree, cpu, 0);
    tree.put("sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/die_id", std::to_string(cpu / 8) + "\n");
    set_register(tree, cpu, 0xC0010299, 0xA1003);
    set_register(tree, cpu, 0xC001029B, 0x30000);
  }
  const Found found = find_msr_rapl(tree.roots());
  ASSERT_THAT(counted(found), ElementsAre("msr package-0"));
  EXPECT_DOUBLE_EQ(*found.sources[0]->read(), 3);
}

TEST(MsrRapl, NeverASecondTimeBesidePowercap) {
  FakeTree tree;
  tree.put("proc/cpuinfo", skylake_server);
  set_package(tree, 0, 0);
  set_register(tree, 0, 0x606, 0xA0E03);
  set_register(tree, 0, 0x611, 0x4000);
  set_register(tree, 0, 0x619, 0x4000);
  EXPECT_THAT(counted(find_sources(tree.roots())), ElementsAre("msr package-0", "msr dram"));
  tree.zone("intel-rapl:0", "package-0", "1000000");
  const Found both = find_sources(tree.roots());
  EXPECT_THAT(counted(both), ElementsAre("rapl package-0", "msr dram")) << "the memory has no zone";
  for (const auto& s : both.sources) EXPECT_NE(s->info().family + s->info().component, "msrpackage-0");
}

TEST(MsrRapl, WhatIsMissingIsSaid) {
  FakeTree tree;
  EXPECT_TRUE(find_msr_rapl(tree.roots()).obstacles.at(0).absent) << "no such processor";
  tree.put("proc/cpuinfo", skylake_server);
  EXPECT_THAT(find_msr_rapl(tree.roots()).obstacles.at(0).mend, HasSubstr("modprobe msr"));
  tree.put("dev/cpu/microcode", "");
  tree.put("dev/cpu/0/msr", "");
  const Found cut = find_msr_rapl(tree.roots());
  EXPECT_THAT(cut.sources, IsEmpty());
  EXPECT_FALSE(cut.obstacles.at(0).absent);
  set_register(tree, 0, 0x606, 0);
  set_register(tree, 0, 0x611, 5);
  EXPECT_THAT(find_msr_rapl(tree.roots()).obstacles.at(0).why, HasSubstr("no unit"));
  tree.zone("intel-rapl:0", "package-0", "1000000");
  for (const auto& o : find_sources(tree.roots()).obstacles) EXPECT_NE(o.family, "msr") << "no loss: it is read";
}

}  // namespace
}  // namespace wattline::meter
