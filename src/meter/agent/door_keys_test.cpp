#include "meter/agent/door_keys.h"

#include <filesystem>
#include <fstream>
#include <vector>

#include <gtest/gtest.h>

#include "kernel/command_testing.h"
#include "kernel/testing.h"

namespace wattline::meter {
namespace {

namespace fs = std::filesystem;
const std::string key = "0123456789abcdefXYZ", other = "another-key-of-somebody";

std::string complaint(auto&& f) {
  const auto text = wattline::tests::message_of(f);
  EXPECT_EQ(text.find(key), std::string::npos) << "a key in a message";
  return text;
}

TEST(DoorKeys, OpenWithEachOfThemAndNothingElse) {
  const auto keys = DoorKeys::parse("# ours\n" + key + "\n\n  " + other + "\r\n", "keys");
  EXPECT_TRUE(keys.opens("Bearer " + key));
  EXPECT_TRUE(keys.opens("bearer " + other));
  for (const std::string& bad : std::vector<std::string>{
           "", "Bearer ", "Bearer " + key + "x", "Bearer " + key.substr(1), "Basic " + key, key, "Bearer " + key + key,
           "Bearer\t" + key, "Bearer # ours", "Bearer " + std::string(100000, 'a')})
    EXPECT_FALSE(keys.opens(bad)) << bad.substr(0, 40);
  EXPECT_FALSE(DoorKeys().opens("Bearer "));
}

TEST(DoorKeys, ShortAndBrokenOnesAreRefusedWithoutBeingShown) {
  EXPECT_NE(complaint([&] { DoorKeys::parse("short", "keys"); }).find("16"), std::string::npos);
  EXPECT_NE(complaint([&] { DoorKeys::parse(key + " " + key, "keys"); }).find("keys:1"), std::string::npos);
  EXPECT_NE(complaint([&] { DoorKeys::parse(std::string(600, 'k'), "keys"); }), "no error");
}

TEST(DoorKeys, AFileThatOthersCanReadIsRefused) {
  wattline::tests::ScratchDir dir;
  const auto path = dir.path() / "keys";
  std::ofstream(path) << key << "\n";
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write | fs::perms::others_read);
  EXPECT_NE(complaint([&] { DoorKeys::read(path.string(), ""); }).find("chmod"), std::string::npos);
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_TRUE(DoorKeys::read(path.string(), "").opens("Bearer " + key));
  std::ofstream(path, std::ios::trunc) << "# none\n";
  EXPECT_NE(complaint([&] { DoorKeys::read(path.string(), ""); }).find("no key"), std::string::npos);
}

TEST(DoorKeys, AVariableMayHoldOne) {
  ::setenv("WATTLINE_TEST_DOOR_KEY", key.c_str(), 1);
  EXPECT_TRUE(DoorKeys::read("", "WATTLINE_TEST_DOOR_KEY").opens("Bearer " + key));
  ::unsetenv("WATTLINE_TEST_DOOR_KEY");
  EXPECT_NE(complaint([&] { DoorKeys::read("", "WATTLINE_TEST_DOOR_KEY"); }).find("not set"), std::string::npos);
}

}  // namespace
}  // namespace wattline::meter
