#include "meter/recorder.h"

#include <atomic>
#include <chrono>
#include <cmath>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "meter/fake_tree.h"

namespace wattline::meter {
namespace {

using namespace std::chrono_literals;

// Says each time what the test wants, and how often it was asked.
class Scripted : public Source {
 public:
  Scripted(SourceInfo info, std::function<std::optional<double>(int)> say)
      : info_(std::move(info)), say_(std::move(say)) {}
  const SourceInfo& info() const override { return info_; }
  std::optional<double> read() override { return say_(asked++); }
  std::atomic<int> asked = 0;

 private:
  SourceInfo info_;
  std::function<std::optional<double>(int)> say_;
};

Sources one(std::unique_ptr<Source> s) {
  Sources out;
  out.push_back(std::move(s));
  return out;
}

TEST(Recorder, TakesTheFirstAndTheLastReading) {
  Recorder recorder(one(std::make_unique<Scripted>(SourceInfo{}, [](int n) { return 100.0 + n; })), Duration(10));
  recorder.start();
  const Recording r = recorder.stop();
  ASSERT_EQ(r.records.size(), 1u);
  ASSERT_EQ(r.records[0].readings.size(), 2u);
  EXPECT_EQ(r.records[0].readings.values[0], 100);
  EXPECT_EQ(r.records[0].readings.values[1], 101);
  EXPECT_LE(r.begin, r.records[0].readings.times[0]);
  EXPECT_GE(r.end, r.records[0].readings.times[1]);
}

TEST(Recorder, ReadsOnItsOwnUntilStopped) {
  auto source =
      std::make_unique<Scripted>(SourceInfo{}, [](int n) { return n == 1 ? std::nullopt : std::optional<double>(n); });
  auto& asked = source->asked;
  Recorder recorder(one(std::move(source)), Duration(0.002));
  recorder.start();
  while (asked < 5) std::this_thread::sleep_for(1ms);
  const Recording r = recorder.stop();
  EXPECT_GE(r.records[0].readings.size(), 6u);
  EXPECT_EQ(r.records[0].failures, 1u);
  EXPECT_TRUE(std::is_sorted(r.records[0].readings.times.begin(), r.records[0].readings.times.end()));
}

TEST(Recorder, LongRecordsAreThinnedAndTheCounterLosesNothing) {
  SourceInfo info;
  info.range = 1e6;
  info.most = Power(1e6);
  auto source = std::make_unique<Scripted>(info, [](int n) { return static_cast<double>(n); });
  auto& asked = source->asked;
  Recorder recorder(one(std::move(source)), Duration(0.001), 16);
  recorder.start();
  while (asked < 60) std::this_thread::sleep_for(1ms);
  const Recording r = recorder.stop();
  EXPECT_LE(r.records[0].readings.size(), 18u);
  EXPECT_EQ(r.records[0].readings.values.front(), 0);
  EXPECT_GE(r.records[0].readings.values.back(), 59);
}

TEST(Recorder, TheIntervalNeverLetsACounterWrapUnseen) {
  SourceInfo info;
  info.range = 1000;
  info.most = Power(500);
  Recorder recorder(one(std::make_unique<Scripted>(info, [](int) { return 0.0; })), Duration(9));
  EXPECT_DOUBLE_EQ(recorder.interval().base(), 0.5);
}

TEST(Appeared, WhatCameSinceAndNothingThatWasKnown) {
  tests::FakeTree tree;
  tree.zone("intel-rapl:0", "package-0", "1000000");
  Sampler sampler(find_sources(tree.roots()).sources, Duration(0.1));
  sampler.begin();
  const std::size_t before = sampler.known().size();
  EXPECT_TRUE(appeared(tree.roots(), sampler.known()).empty());
  tree.put("sys/class/hwmon/hwmon0/name", "xe\n");
  tree.put("sys/class/hwmon/hwmon0/energy1_label", "card\n");
  tree.put("sys/class/hwmon/hwmon0/energy1_input", "5000000\n");
  sampler.add(appeared(tree.roots(), sampler.known()));
  const Recording r = sampler.end();
  ASSERT_EQ(r.records.size(), before + 1);
  EXPECT_EQ(r.records.back().info.component, "intel-gpu-0");
  EXPECT_EQ(r.records.back().readings.size(), 2u);
}

TEST(Recorder, ForgottenIsStopped) {
  Recorder recorder(one(std::make_unique<Scripted>(SourceInfo{}, [](int) { return 1.0; })), Duration(0.001));
  recorder.start();
}

TEST(FindSources, TheFirstFamilyThatSeesTheProcessorIsCounted) {
  tests::FakeTree tree;
  tree.zone("intel-rapl:0", "package-0", "1000000");
  tree.put("sys/class/hwmon/hwmon0/name", "k10temp\n");
  tree.put("sys/class/hwmon/hwmon0/power1_input", "45000000\n");
  tree.put("sys/class/hwmon/hwmon0/power1_label", "Package\n");
  for (const char* gpu : {"hwmon1", "hwmon2"}) {
    tree.put(std::string("sys/class/hwmon/") + gpu + "/name", "amdgpu\n");
    tree.put(std::string("sys/class/hwmon/") + gpu + "/power1_average", "90000000\n");
  }
  const Found found = find_sources(tree.roots());
  std::map<std::string, bool> counted;
  for (const auto& s : found.sources)
    if (s->info().family != "nvml") counted[s->info().component] = s->info().counted;
  EXPECT_THAT(counted, testing::ElementsAre(testing::Pair("amdgpu-0", true), testing::Pair("amdgpu-1", true),
                                            testing::Pair("k10temp-Package", false), testing::Pair("package-0", true)));
}

}  // namespace
}  // namespace wattline::meter
