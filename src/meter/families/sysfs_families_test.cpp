// The families that read drivers' files, on made-up trees.
#include <cstring>
#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "meter/fake_tree.h"
#include "meter/families/amd_energy.h"
#include "meter/families/battery.h"
#include "meter/families/gpu_metrics.h"
#include "meter/families/gpu_sysfs.h"
#include "meter/families/jetson.h"
#include "meter/hwmon.h"

namespace wattline::meter {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using tests::FakeTree;

std::vector<std::string> components(const Found& found, bool counted) {
  std::vector<std::string> out;
  for (const auto& s : found.sources)
    if (s->info().counted == counted) out.push_back(s->info().component);
  return out;
}

void put_all(FakeTree& tree, const std::string& folder, std::vector<std::pair<std::string, std::string>> files) {
  for (const auto& [name, content] : files) tree.put(folder + "/" + name, content + "\n");
}

TEST(AmdEnergy, SocketsAreReadAndThousandsOfCoresAreNot) {
  FakeTree tree;
  put_all(tree, "sys/class/hwmon/hwmon3",
          {{"name", "amd_energy"},
           {"energy10001_input", "900000000"},
           {"energy10001_label", "Esocket0"},
           {"energy10002_input", "700000000"},
           {"energy10002_label", "Esocket1"}});
  for (int core = 1; core <= 10000; ++core) {
    const std::string n = std::to_string(core);
    put_all(tree, "sys/class/hwmon/hwmon3",
            {{"energy" + n + "_input", "5"}, {"energy" + n + "_label", "Ecore" + std::to_string(core - 1)}});
  }
  const Found found = find_amd_energy(tree.roots());
  EXPECT_THAT(components(found, true), ElementsAre("socket-0", "socket-1"));
  EXPECT_EQ(found.sources.size(), 2u);
  EXPECT_DOUBLE_EQ(*found.sources[0]->read(), 900);
  EXPECT_EQ(found.sources[0]->info().domain, Domain::cpu);
  EXPECT_THAT(find_hwmon(tree.roots()).sources, IsEmpty()) << "it is one family's";
}

TEST(AmdGpu, TwoBoardsOneOfThemWithTwoDies) {
  FakeTree tree;
  put_all(tree, "sys/class/hwmon/hwmon1",
          {{"name", "amdgpu"}, {"power1_average", "118000000"}, {"power1_input", "120000000"}, {"in0_input", "900"}});
  put_all(tree, "sys/class/hwmon/hwmon2", {{"name", "amdgpu"}, {"power1_average", "0"}});
  tree.put("sys/devices/pci0000:00/0000:03:00.0/x", "");
  tree.link("sys/class/hwmon/hwmon1/device", "sys/devices/pci0000:00/0000:03:00.0");
  const Found found = find_amdgpu(tree.roots());
  EXPECT_THAT(components(found, true), ElementsAre("amdgpu-0", "amdgpu-1"));
  EXPECT_DOUBLE_EQ(*found.sources[0]->read(), 118) << "the mean where there is one";
  EXPECT_EQ(found.sources[0]->info().id, "0000:03:00.0");
  EXPECT_DOUBLE_EQ(*found.sources[1]->read(), 0);
}

// A table of so many bytes, version 1.`content`, with a counter and a power at their places.
std::string gpu_table(char content, std::size_t energy_at, std::size_t power_at, std::uint64_t units, int watts) {
  std::string out(160, '\xff');
  const std::uint16_t size = 160;
  std::memcpy(out.data(), &size, 2);
  out[2] = 1;
  out[3] = content;
  std::memcpy(&out[energy_at], &units, 8);
  const auto w = static_cast<std::uint16_t>(watts);
  std::memcpy(&out[power_at], &w, 2);
  return out;
}

TEST(AmdGpu, TheTablesOfTheDriver) {
  for (const auto& [content, energy, power] :
       {std::tuple('\x04', 24u, 10u), std::tuple('\x05', 88u, 10u), std::tuple('\x06', 16u, 10u),
        std::tuple('\x07', 24u, 10u), std::tuple('\x08', 24u, 10u)}) {
    const auto m = parse_gpu_metrics(gpu_table(content, energy, power, 65536 * 7, 300), false);
    ASSERT_TRUE(m) << static_cast<int>(content);
    EXPECT_DOUBLE_EQ(m->joules, 7);
    EXPECT_EQ(m->watts, 300);
  }
  const std::string old = gpu_table('\x03', 24, 22, 65536, 90);
  EXPECT_FALSE(parse_gpu_metrics(old, false)) << "in what unit is not said";
  EXPECT_DOUBLE_EQ(parse_gpu_metrics(old, true)->joules, 1);
  EXPECT_FALSE(parse_gpu_metrics(gpu_table('\x04', 24, 10, UINT64_MAX, 300), false)) << "not filled in";
  EXPECT_FALSE(parse_gpu_metrics(gpu_table('\x04', 24, 10, 0, 300), false)) << "the second die";
  EXPECT_FALSE(parse_gpu_metrics(gpu_table('\x09', 24, 10, 5, 300), true)) << "another layout";
  EXPECT_FALSE(parse_gpu_metrics(gpu_table('\x04', 24, 10, 5, 300).substr(0, 31), false)) << "cut off";
  EXPECT_FALSE(parse_gpu_metrics("", false));
  std::string apu = gpu_table('\x04', 24, 10, 5, 300);
  apu[2] = 2;
  EXPECT_FALSE(parse_gpu_metrics(apu, true));
}

TEST(AmdGpu, TheEnergyCounterOfTheTableIsCountedAndThePowerIsNot) {
  FakeTree tree;
  put_all(tree, "sys/class/hwmon/hwmon1", {{"name", "amdgpu"}, {"power1_input", "300000000"}});
  tree.put("sys/class/hwmon/hwmon1/device/gpu_metrics", gpu_table('\x06', 16, 10, 65536 * 7, 300));
  const Found found = find_sources(tree.roots());
  EXPECT_THAT(components(found, true), ElementsAre("amdgpu-0"));
  EXPECT_THAT(components(found, false), testing::Contains("amdgpu-0-power"));
  Source& board = *found.sources.at(0);
  EXPECT_EQ(board.info().kind, SourceKind::energy);
  EXPECT_DOUBLE_EQ(board.read().value_or(0), 7);
  EXPECT_DOUBLE_EQ(board.watts_now().value_or(0), 300);
  tree.put("sys/class/hwmon/hwmon1/device/gpu_metrics", "");
  EXPECT_FALSE(board.read());
  EXPECT_THAT(board.trouble(), HasSubstr("gpu_metrics"));
}

TEST(AmdGpu, GraphicsInsideAProcessorAreTheProcessors) {
  FakeTree tree;
  put_all(tree, "sys/class/hwmon/hwmon1",
          {{"name", "amdgpu"}, {"power1_input", "28000000"}, {"in1_label", "vddnb"}, {"in1_input", "800"}});
  const Found alone = find_sources(tree.roots());
  ASSERT_THAT(components(alone, true), testing::Contains("apu"));
  tree.zone("intel-rapl:0", "package-0", "1000000");
  const Found both = find_sources(tree.roots());
  EXPECT_THAT(components(both, false), testing::Contains("apu")) << "never beside the package that contains it";
}

TEST(AmdGpu, ABoardThatSleepsIsNotWoken) {
  FakeTree tree;
  put_all(tree, "sys/class/hwmon/hwmon1",
          {{"name", "amdgpu"}, {"power1_average", "18000000"}, {"device/power/runtime_status", "active"}});
  const Found found = find_amdgpu(tree.roots());
  ASSERT_EQ(found.sources.size(), 1u);
  EXPECT_TRUE(found.sources[0]->read());
  tree.put("sys/class/hwmon/hwmon1/device/power/runtime_status", "suspended\n");
  EXPECT_FALSE(found.sources[0]->read());
  EXPECT_THAT(found.sources[0]->trouble(), HasSubstr("not woken"));
  EXPECT_THAT(find_amdgpu(tree.roots()).obstacles.at(0).why, HasSubstr("sleeps"));
}

TEST(IntelGpu, TheCardIsCountedItsPartsAreNot) {
  FakeTree tree;
  put_all(tree, "sys/class/hwmon/hwmon1",
          {{"name", "xe"},
           {"energy1_input", "5000000"},
           {"energy1_label", "card"},
           {"energy2_input", "3000000"},
           {"energy2_label", "pkg"}});
  put_all(tree, "sys/class/hwmon/hwmon2", {{"name", "i915"}, {"energy1_input", "7000000"}});
  put_all(tree, "sys/class/hwmon/hwmon3", {{"name", "i915_gt0"}, {"energy1_input", "6000000"}});
  const Found found = find_intel_gpu(tree.roots());
  EXPECT_THAT(components(found, true), ElementsAre("intel-gpu-0", "intel-gpu-1"));
  EXPECT_THAT(components(found, false), ElementsAre("intel-gpu-0-pkg"));
  EXPECT_DOUBLE_EQ(*found.sources.back()->read(), 7);
  EXPECT_THAT(components(find_hwmon(tree.roots()), false), IsEmpty());
}

TEST(Jetson, NamedRailsOfTheNewerKernel) {
  FakeTree tree;
  const std::string chip = "sys/bus/i2c/drivers/ina3221/1-0040/hwmon/hwmon2";
  put_all(tree, chip,
          {{"name", "ina3221"},
           {"in1_label", "VDD_IN"},
           {"in1_input", "5000"},
           {"curr1_input", "2000"},
           {"in2_label", "VDD_CPU_GPU_CV"},
           {"in2_input", "5000"},
           {"curr2_input", "800"},
           {"in3_label", "VDD_SOC"},
           {"in3_input", "5000"},
           {"curr3_input", "300"},
           {"in4_input", "12"},
           {"in7_label", "sum of shunt voltages"},
           {"in7_input", "30"}});
  tree.link("sys/class/hwmon/hwmon2", chip);
  const Found found = find_jetson(tree.roots());
  EXPECT_THAT(components(found, true), ElementsAre("VDD_CPU_GPU_CV", "VDD_SOC"));
  EXPECT_THAT(components(found, false), ElementsAre("VDD_IN"));
  EXPECT_DOUBLE_EQ(*found.sources[0]->read(), 10);
  EXPECT_DOUBLE_EQ(*found.sources[1]->read(), 4);
  EXPECT_EQ(found.sources[0]->info().domain, Domain::platform);
  // The same chip by its other folder is not read twice.
  std::size_t rails = 0;
  for (const auto& s : find_sources(tree.roots()).sources) rails += s->info().domain != Domain::gpu;
  EXPECT_EQ(rails, 3u);
}

TEST(Jetson, NamedRailsOfTheOlderKernel) {
  FakeTree tree;
  put_all(tree, "sys/bus/i2c/drivers/ina3221x/1-0041/iio:device1",
          {{"rail_name_0", "POM_5V_IN"},
           {"in_power0_input", "4500"},
           {"rail_name_1", "POM_5V_GPU"},
           {"in_power1_input", "1200"},
           {"rail_name_2", "POM_5V_CPU"},
           {"in_power2_input", "900"}});
  const Found found = find_jetson(tree.roots());
  EXPECT_THAT(components(found, true), ElementsAre("POM_5V_GPU", "POM_5V_CPU"));
  EXPECT_THAT(components(found, false), ElementsAre("POM_5V_IN"));
  EXPECT_DOUBLE_EQ(*found.sources[0]->read(), 4.5);
  EXPECT_EQ(found.sources[1]->info().domain, Domain::gpu);
}

TEST(Jetson, RailsThatAreNotConnectedOrDoNotAnswer) {
  FakeTree tree;
  put_all(tree, "sys/bus/i2c/drivers/ina3221x/1-0041/iio:device1",
          {{"rail_name_0", "NC"}, {"in_power0_input", "0"}, {"rail_name_1", "POM_5V_GPU"}, {"in_power1_input", "x"}});
  const Found found = find_jetson(tree.roots());
  EXPECT_THAT(found.sources, IsEmpty());
  EXPECT_EQ(found.obstacles.at(0).component, "POM_5V_GPU");
  FakeTree none;
  EXPECT_TRUE(find_jetson(none.roots()).obstacles.at(0).absent);
}

TEST(Battery, DischargingIsTheMachinesPowerWhateverTheSign) {
  FakeTree tree;
  const std::string bat = "sys/class/power_supply/";
  put_all(tree, bat + "BAT0",
          {{"type", "Battery"}, {"status", "Discharging"}, {"current_now", "-1500000"}, {"voltage_now", "12000000"}});
  put_all(tree, bat + "BAT1", {{"type", "Battery"}, {"status", "Discharging"}, {"power_now", "4000000"}});
  put_all(tree, bat + "AC", {{"type", "Mains"}, {"online", "0"}});
  put_all(tree, bat + "hidpp_battery_0",
          {{"type", "Battery"}, {"scope", "Device"}, {"status", "Discharging"}, {"power_now", "1000000"}});
  const Found found = find_battery(tree.roots());
  ASSERT_EQ(found.sources.size(), 1u);
  EXPECT_DOUBLE_EQ(*found.sources[0]->read(), 18 + 4);
  EXPECT_EQ(found.sources[0]->info().domain, Domain::platform);
  EXPECT_FALSE(found.sources[0]->info().counted);
  tree.put(bat + "BAT1/status", "Full\n");
  EXPECT_DOUBLE_EQ(*found.sources[0]->read(), 18) << "one rests while the other feeds";
  tree.put(bat + "BAT1/status", "Charging\n");
  EXPECT_FALSE(found.sources[0]->read());
  EXPECT_THAT(found.sources[0]->trouble(), HasSubstr("mains"));
}

TEST(Battery, AtTheMainsItSaysWhatToDo) {
  FakeTree tree;
  put_all(tree, "sys/class/power_supply/BAT0",
          {{"type", "Battery"}, {"status", "Not charging"}, {"power_now", "9000000"}});
  const Found found = find_battery(tree.roots());
  EXPECT_THAT(found.sources, IsEmpty());
  EXPECT_THAT(found.obstacles.at(0).mend, HasSubstr("unplug"));
  EXPECT_FALSE(found.obstacles.at(0).absent);
  put_all(tree, "sys/class/power_supply/BAT0", {{"status", "Discharging"}, {"power_now", "0"}});
  EXPECT_THAT(find_battery(tree.roots()).obstacles.at(0).why, HasSubstr("0 W"));
  put_all(tree, "sys/class/power_supply/BAT0", {{"power_now", "much"}});
  EXPECT_THAT(find_battery(tree.roots()).obstacles.at(0).why, HasSubstr("does not tell"));
  FakeTree none;
  EXPECT_TRUE(find_battery(none.roots()).obstacles.at(0).absent);
}

}  // namespace
}  // namespace wattline::meter
