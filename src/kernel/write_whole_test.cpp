#include "kernel/write_whole.h"

#include <fstream>
#include <iterator>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "kernel/error.h"
#include "kernel/testing.h"

namespace wattline {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(WriteWholeTest, ReplacesWhatWasThereAndLeavesNothingBeside) {
  tests::ScratchDir dir;
  const fs::path file = dir.path() / "a";
  write_whole(file, "a long first content");
  write_whole(file, std::string_view("two\0", 4));
  EXPECT_EQ(content_of(file), std::string("two\0", 4));
  EXPECT_EQ(std::distance(fs::directory_iterator(dir.path()), {}), 1);
}

TEST(WriteWholeTest, RefusesAFolderAndAFolderThatIsNotThere) {
  tests::ScratchDir dir;
  EXPECT_THROW(write_whole(dir.path(), "x"), Error);
  EXPECT_THROW(write_whole(dir.path() / "none" / "a", "x"), Error);
  EXPECT_TRUE(fs::is_empty(dir.path()));
}

TEST(WriteWholeTest, AFullDiskIsAnErrorAndADeviceStaysADevice) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  EXPECT_THROW(write_whole("/dev/full", std::string(100'000, 'x')), Error);
  struct stat s {};
  ASSERT_EQ(::stat("/dev/full", &s), 0);
  EXPECT_TRUE(S_ISCHR(s.st_mode));
}

TEST(WriteWholeTest, WhetherItCouldBeWrittenIsKnownBefore) {
  tests::ScratchDir dir;
  EXPECT_THROW(check_writable(dir.path()), Error);
  EXPECT_THROW(check_writable(dir.path() / "none" / "a"), Error);
  EXPECT_NO_THROW(check_writable(dir.path() / "a"));
  EXPECT_NO_THROW(check_writable("/dev/null"));
  EXPECT_TRUE(fs::is_empty(dir.path())) << "nothing is made by asking";
  write_whole(dir.path() / "a", "kept");
  check_writable(dir.path() / "a");
  EXPECT_EQ(content_of(dir.path() / "a"), "kept");
}

}  // namespace
}  // namespace wattline
