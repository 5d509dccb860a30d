// Against a library with NVML's calls and made-up boards (fake/nvml.c).
#include "meter/nvml.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "meter/nvml_library.h"

namespace wattline::meter {
namespace {

using testing::HasSubstr;

Found with_boards(const char* boards) {
  ::setenv("FAKE_NVML", boards, 1);
  return find_nvml(WATTLINE_FAKE_NVML);
}

TEST(Nvml, CounterWhereThereIsOneElsePower) {
  Found found = with_boards("ep");
  ASSERT_EQ(found.sources.size(), 2u);
  EXPECT_EQ(found.sources[0]->info().component, "gpu-0");
  EXPECT_EQ(found.sources[0]->info().kind, SourceKind::energy);
  EXPECT_EQ(found.sources[0]->info().device, "NVIDIA Made-up 9000");
  const double first = *found.sources[0]->read();
  EXPECT_DOUBLE_EQ(*found.sources[0]->read() - first, 100);
  EXPECT_DOUBLE_EQ(*found.sources[0]->watts_now(), 260) << "of the instant, where the driver tells it";
  EXPECT_EQ(found.sources[0]->info().id, "GPU-made-up-0");
  EXPECT_EQ(found.sources[1]->info().kind, SourceKind::power);
  EXPECT_DOUBLE_EQ(*found.sources[1]->read(), 250);
}

TEST(Nvml, BoardsThatTellNothingAreExplained) {
  const Found found = with_boards("nd");
  EXPECT_TRUE(found.sources.empty());
  ASSERT_EQ(found.obstacles.size(), 2u);
  EXPECT_THAT(found.obstacles[0].why, HasSubstr("Not Supported"));
  EXPECT_EQ(found.obstacles[1].component, "gpu-1");
  EXPECT_THAT(found.obstacles[1].why, HasSubstr("Insufficient Permissions"));
  EXPECT_THAT(found.obstacles[1].mend, HasSubstr("/dev/nvidia"));
}

TEST(Nvml, ABoardLostWhileReadingIsAFailedReading) {
  Found found = with_boards("l");
  ASSERT_EQ(found.sources.size(), 1u);
  EXPECT_TRUE(found.sources[0]->read());
  EXPECT_FALSE(found.sources[0]->read());
  EXPECT_THAT(found.sources[0]->trouble(), HasSubstr("GPU is lost"));
}

TEST(Nvml, ADriverThatDoesNotStart) {
  const Found found = with_boards("ex");
  EXPECT_TRUE(found.sources.empty());
  ASSERT_EQ(found.obstacles.size(), 1u);
  EXPECT_THAT(found.obstacles[0].why, HasSubstr("Driver Not Loaded"));
}

TEST(Nvml, NoLibraryAndAStrangeOne) {
  EXPECT_THAT(find_nvml("/no/such/library.so").obstacles.at(0).mend, HasSubstr("driver"));
  EXPECT_THAT(find_nvml("libm.so.6").obstacles.at(0).why, HasSubstr("too old"));
}

TEST(Nvml, SlicesAreNamedAndThePowerIsTheBoards) {
  ::setenv("FAKE_NVML_USE", "0:11:50:1 0:12:50:2", 1);
  const Found found = with_boards("m");
  ::unsetenv("FAKE_NVML_USE");
  ASSERT_EQ(found.sources.size(), 1u) << "never one for each slice";
  EXPECT_EQ(found.sources[0]->info().component, "gpu-0");
  ASSERT_EQ(found.notes.size(), 1u);
  EXPECT_THAT(found.notes[0],
              testing::AllOf(HasSubstr("2 slices"), HasSubstr("MIG: GPU-made-up-0"), HasSubstr("the board")));
  EXPECT_DOUBLE_EQ(*found.sources[0]->watts_now(), 260) << "a field that is a double here";
}

TEST(Nvml, AModuleContainsItsGpuAndIsNotAdded) {
  Found found = with_boards("g");
  ASSERT_EQ(found.sources.size(), 2u);
  EXPECT_EQ(found.sources[1]->info().component, "module-0");
  EXPECT_EQ(found.sources[1]->info().domain, Domain::platform);
  EXPECT_FALSE(found.sources[1]->info().counted);
  EXPECT_DOUBLE_EQ(*found.sources[1]->read(), 700);
}

TEST(Nvml, WhatAPowerIsTheMeanOf) {
  const Found found = with_boards("ao");
  EXPECT_EQ(found.sources.at(0)->info().averaged, Duration(0)) << "GA100 tells the instant";
  EXPECT_EQ(found.sources.at(1)->info().averaged, Duration(1)) << "an RTX A3000 is no A30";
}

TEST(Nvml, TheMemberThatTheTypeNamesIsRead) {
  nvml::FieldValue v;
  v.code = nvml::done;
  v.value.ull = 0xFFFFFFFFFFFFFFFFull;
  v.type = 0;
  v.value.d = 1.5;
  EXPECT_EQ(nvml::number_in(v), 1.5);
  v.type = 1;
  v.value.u = 7;
  EXPECT_EQ(nvml::number_in(v), 7);
  v.type = 3;
  v.value.ull = 1ull << 40;
  EXPECT_EQ(nvml::number_in(v), 1099511627776.0);
  v.type = 4;
  v.value.ll = -3;
  EXPECT_EQ(nvml::number_in(v), -3);
  v.type = 5;
  v.value.i = -4;
  EXPECT_EQ(nvml::number_in(v), -4);
  v.type = 9;
  EXPECT_FALSE(nvml::number_in(v));
  v.type = 1;
  v.code = nvml::not_supported;
  EXPECT_FALSE(nvml::number_in(v));
}

TEST(Nvml, AMachineWithADriverAndNoBoard) { EXPECT_THAT(with_boards("").obstacles.at(0).why, HasSubstr("no board")); }

}  // namespace
}  // namespace wattline::meter
