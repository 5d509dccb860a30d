// Against a library with NVML's calls and made-up boards (fake/nvml.c).
#include "meter/nvml.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
  EXPECT_DOUBLE_EQ(*found.sources[0]->watts_now(), 250);
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
  EXPECT_THAT(find_nvml("/no/such/library.so").obstacles.at(0).mend, HasSubstr("install"));
  EXPECT_THAT(find_nvml("libm.so.6").obstacles.at(0).why, HasSubstr("too old"));
}

TEST(Nvml, AMachineWithADriverAndNoBoard) { EXPECT_THAT(with_boards("").obstacles.at(0).why, HasSubstr("no board")); }

}  // namespace
}  // namespace wattline::meter
