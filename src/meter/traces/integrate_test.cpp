#include "meter/traces/integrate.h"

#include <cmath>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/testing.h"

namespace wattline::meter {
namespace {

double joules(const PowerTrace& t, std::size_t i = 0) {
  return channel_energy(t.channels.at(i), {}, {}).energy.value().base();
}

TEST(Traces, NvidiaSmiInBothStyles) {
  const auto b = read_power_trace(
      "timestamp, index, name, power.draw [W], power.limit [W]\n"
      "2023/03/09 01:39:26.000, 0, NVIDIA X, 100.00 W, 350.00 W\n2023/03/09 01:39:26.000, 1, NVIDIA X, 10 W, 350 W\n"
      "2023/03/09 01:39:27.000, 0, NVIDIA X, 100.00 W, 350.00 W\n2023/03/09 01:39:27.000, 1, NVIDIA X, [N/A], 350 W\n"
      "2023/03/09 01:39:28.000, 0, NVIDIA X, 300.00 W, 350.00 W\n2023/03/09 01:39:28.000, 1, NVIDIA X, 20 W, 350 W\n"
      "2023/03/09 01:39:29.000, 0, NVIDI",
      "t");
  EXPECT_EQ(b.format, "nvidia-smi");
  ASSERT_EQ(b.channels.size(), 2u);
  EXPECT_EQ(b.channels[0].component, "gpu-0");
  EXPECT_DOUBLE_EQ(joules(b), 300);
  EXPECT_EQ(b.unreadable, 2u);
  EXPECT_FALSE(b.zone_known);
  const auto a = read_power_trace(
      "timestamp,gpu_name,gpu_power_draw\n2022-12-05 18:57:23,RTX,10 W\n2022-12-05 18:57:24,RTX,30 W\n", "t");
  EXPECT_DOUBLE_EQ(joules(a), 20);
}

TEST(Traces, GapsDuplicatesAndStepsBack) {
  std::string text = "time,power [mW]\n";
  for (int i = 0; i < 100; ++i)
    if (i < 40 || i >= 60) text += fmt::format("{},50000\n", 1'700'000'000 + i);
  text += "1700000099,70000\n1700000010,70000\n1700000100,50000\n";
  const auto t = read_power_trace(text, "t");
  EXPECT_EQ(t.channels[0].duplicates, 1u);
  EXPECT_EQ(t.channels[0].steps_back, 1u);
  const auto e = channel_energy(t.channels[0], {}, {});
  EXPECT_NEAR(e.energy.value().base(), 50 * 79, 1e-6);  // 20 s and the step to them are not bridged
  EXPECT_NEAR(e.missing.base(), 21, 1e-6);
  EXPECT_EQ(e.gaps, 1u);
  const auto part = channel_energy(t.channels[0], Time{1'700'000'010'500'000'000}, Time{1'700'000'020'000'000'000});
  EXPECT_NEAR(part.energy.value().base(), 475, 1e-6);
}

TEST(Traces, OtherPrograms) {
  const auto spec = read_power_trace(
      "Time,07-14-2023 10:12:46.000,Watts,200.0,Volts,230.1,Amps,0.9,PF,0.99,Mark,Watts,7\r\n"
      "Time,07-14-2023 10:12:47.000,Watts,210.0,Volts,230.1,Amps,0.9,PF,0.99,Mark,b\r\nTime,x,Watts,1\r\n",
      "t");
  EXPECT_EQ(spec.format, "PTDaemon");
  EXPECT_DOUBLE_EQ(joules(spec), 205);
  EXPECT_EQ(spec.unreadable, 1u);
  EXPECT_EQ(to_string(spec.channels[0].power.times[0]), "2023-07-14T10:12:46Z");
  const auto apple = read_power_trace(
      "Machine model: Mac\n*** Sampled system activity (Wed Nov  9 14:37:22 2022 +0100) (1000.00ms elapsed) ***\n"
      "CPU Power: 1000 mW\nGPU Power: 500 mW\nANE Power: 0 mW\nCombined Power (CPU + GPU + ANE): 1500 mW\n"
      "*** Sampled system activity (Wed Nov  9 14:37:23 2022 +0100) (1500.00ms elapsed) ***\n"
      "CPU Power: 4000 mW\nGPU Power: 0 mW\nANE Power: 0 mW\nCombined Power (CPU + GPU + ANE): 4000 mW\n",
      "t");
  EXPECT_EQ(apple.format, "powermetrics");
  EXPECT_TRUE(apple.zone_known);
  EXPECT_EQ(to_string(apple.channels[0].power.times[0]), "2022-11-09T13:37:22Z");
  EXPECT_NEAR(joules(apple), 6, 1e-9);  // 4 W since the sample before, which lasted 1.5 s
  EXPECT_FALSE(apple.channels.back().counted);
  const auto carbon = read_power_trace(
      "timestamp,run_id,duration,cpu_power,cpu_energy,gpu_energy,ram_energy\n"
      "2026-11-24T14:00:15,a,15,42,0.001,0.002,0.0001\n2026-11-24T14:00:30,a,30,42,0.002,0.002,0.0002\n"
      "2026-11-24T15:00:10,b,10,42,0.0005,0,0\n",
      "t");
  EXPECT_EQ(carbon.format, "CodeCarbon");
  ASSERT_EQ(carbon.channels.size(), 3u);
  EXPECT_NEAR(joules(carbon, 0), 0.0025 * 3.6e6, 1e-6);
  EXPECT_NEAR(joules(carbon, 1), 0.002 * 3.6e6, 1e-6);
  EXPECT_NEAR(channel_energy(carbon.channels[0], {}, {}).covered.base(), 40, 1e-6);
  const auto ours = read_power_trace(
      "time,component,power [W],source,method,kind\n2026-11-24T14:03:00Z,package-0,,rapl,measured,energy\n"
      "2026-11-24T14:03:10Z,package-0,50,rapl,measured,energy\n2026-11-24T14:03:11Z,package-0,,rapl,measured,energy\n"
      "2026-11-24T14:03:13Z,package-0,10,rapl,measured,energy\n",
      "t");
  EXPECT_DOUBLE_EQ(joules(ours), 520);
}

std::string refusal(const std::string& content) {
  try {
    read_power_trace(content, "file");
  } catch (const Error& e) {
    return e.what();
  }
  return "read";
}

TEST(Traces, RefusalsNameRowValueAndWhatIsAllowed) {
  const auto expect = [](const char* content, std::initializer_list<const char*> words) {
    const std::string why = refusal(content);
    for (const char* word : words) EXPECT_NE(why.find(word), std::string::npos) << content << "\n" << why;
  };
  expect("time,power [J]\n1,5\n2,6\n", {"2 rows", "row 2", "'5'", "'J'", "W, mW, kW"});
  expect("time;power [W]\n1;5,5\n", {"1 row and", "row 2", "'5,5'", "decimal comma"});
  expect("time,power [W]\n1,5,5\n", {"row 2", "3 cells"});
  expect("time,power [W]\n1,[N/A]\n", {"row 2", "[N/A]"});
  expect("time,power [W]\n1,-5\n", {"row 2", "'-5' is negative"});
  expect("time,power [W]\n1,1e308\n2,1e10\n", {"row 2", "over 1 GW"});
  expect("time,power [W]\nyesterday,5\n", {"row 2", "'yesterday' is no time"});
  EXPECT_FALSE(trace_watts("1e308"));
  EXPECT_TRUE(trace_watts("1e9"));
}

TEST(Traces, TimesSinceTheBeginning) {
  for (const char* heading : {"time_s", "elapsed_s", "elapsed", "time [s]", "seconds", "Elapsed Time (s)"}) {
    const auto t = read_power_trace(std::string(heading) + ",power [W]\n0,10\n0.5,10\n1,10\n1.5,10\n", "t");
    EXPECT_TRUE(t.from_zero) << heading;
    EXPECT_EQ(t.unreadable, 0u) << heading;
    EXPECT_DOUBLE_EQ(joules(t), 15) << heading;
  }
  const auto ms = read_power_trace("elapsed_ms,power [W]\n0,10\n500,10\n1000,10\n1500,10\n", "t");
  EXPECT_DOUBLE_EQ(joules(ms), 15);
  const auto epoch = read_power_trace("time_s,power [W]\n1700000000,10\n1700000001,10\n", "t");
  EXPECT_FALSE(epoch.from_zero);
  EXPECT_EQ(epoch.channels[0].power.times[0].ns, 1'700'000'000'000'000'000);
  EXPECT_EQ(trace_time("0")->ns, 0);
}

TEST(Traces, WhatIsLeftOutIsTold) {
  const auto two = read_power_trace("time,power [W],gpu power (W),power limit [W]\n1,10,90,300\n2,10,90,300\n", "t");
  ASSERT_EQ(two.doubts.size(), 1u) << "a limit is no power";
  EXPECT_NE(two.doubts[0].find("'gpu power (W)' is not read"), std::string::npos) << two.doubts[0];
  const auto sums = read_power_trace(
      "time,component,power [W]\n1,total,30\n1,cpu,10\n1,gpu,20\n2,total,30\n2,cpu,10\n2,gpu,20\n", "t");
  EXPECT_FALSE(sums.channels.at(0).counted);
  EXPECT_TRUE(sums.channels.at(1).counted && sums.channels.at(2).counted);
  ASSERT_EQ(sums.doubts.size(), 1u);
  EXPECT_NE(sums.doubts[0].find("'total'"), std::string::npos);
  // Alone, or among its like, it is counted.
  EXPECT_TRUE(read_power_trace("time,component,power [W]\n1,total,30\n2,total,30\n", "t").channels[0].counted);
  EXPECT_TRUE(read_power_trace("time,power [W]\n1,30\n2,30\n", "t").doubts.empty());
}

TEST(Traces, WhatCannotBeRead) {
  for (const char* bad : {"", "a,b\n1,2\n", "time,power\n", "time,power\nx,y\n", "power [W]\n5\n", "\n\n",
                          "time,power [W]\n1,inf\n1,-5\n", "Time,07-14-2023 10:12:46.000,Watts,x\n"})
    EXPECT_THROW(read_power_trace(bad, "file"), Error) << bad;
  EXPECT_FALSE(trace_watts("[N/A]"));
  EXPECT_FALSE(trace_watts("5 V"));
  EXPECT_FALSE(trace_watts("-5 W"));
  EXPECT_EQ(trace_watts("250 mW"), 0.25);
  EXPECT_EQ(trace_time("1689325967982958")->ns, 1689325967982958000);
  EXPECT_EQ(trace_time("1700000000.5")->ns, 1'700'000'000'500'000'000);
}

TEST(Traces, EnergiesOfTrainingRuns) {
  const auto shared = wattline::tests::shared_dir();
  if (!shared || !std::filesystem::exists(*shared / "data/training-traces")) GTEST_SKIP() << "skipped: no shared data";
  struct Run {
    const char* name;
    double watt_hours;
  };
  for (const Run& r : {Run{"cloud_resnet50_20230309T013923", 89.37}, Run{"cloud_vgg16_20230309T225403", 242.05},
                       Run{"local-v2_mobilenet_v2_20230221T084747", 22.29}}) {
    std::ifstream in(*shared / fmt::format("data/training-traces/{}_gpu.csv", r.name));
    std::stringstream text;
    text << in.rdbuf();
    const auto trace = read_power_trace(text.str(), r.name);
    ASSERT_EQ(trace.channels.size(), 1u) << r.name;
    EXPECT_NEAR(joules(trace) / 3600, r.watt_hours, 0.006) << r.name;
  }
}

TEST(Traces, EveryTrainingRunIsRead) {
  const auto shared = wattline::tests::shared_dir();
  if (!shared || !std::filesystem::exists(*shared / "data/training-traces")) GTEST_SKIP() << "skipped: no shared data";
  int read = 0;
  for (const auto& entry : std::filesystem::directory_iterator(*shared / "data/training-traces")) {
    if (!entry.path().string().ends_with("_gpu.csv")) continue;
    std::ifstream in(entry.path());
    std::stringstream text;
    text << in.rdbuf();
    const auto trace = read_power_trace(text.str(), entry.path().string());
    EXPECT_GT(joules(trace), 1000);
    EXPECT_LE(trace.unreadable, 1u) << entry.path();
    ++read;
  }
  EXPECT_EQ(read, 16);
}

}  // namespace
}  // namespace wattline::meter
