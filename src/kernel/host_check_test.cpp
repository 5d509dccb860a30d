#include "kernel/host_check.h"

#include <gtest/gtest.h>

namespace wattline {
namespace {

TEST(HostCheck, TakesPortsOff) {
  EXPECT_EQ(host_without_port("localhost:8080"), "localhost");
  EXPECT_EQ(host_without_port("[::1]:80"), "::1");
  EXPECT_EQ(host_without_port("[::1"), "");
  EXPECT_EQ(host_without_port(""), "");
}

TEST(HostCheck, KnowsThisMachineByItsOwnNamesOnly) {
  for (const char* ours : {"localhost", "LocalHost", "127.0.0.1", "127.9.9.9", "::1"})
    EXPECT_TRUE(names_this_machine(ours)) << ours;
  for (const char* other : {"", "localhost.evil.test", "127.0.0.1.evil.test", "10.0.0.1", "::2", "evil"})
    EXPECT_FALSE(names_this_machine(other)) << other;
}

TEST(HostCheck, ComparesWholeTexts) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("key", "key"));
  for (const char* other : {"", "ke", "key2", "keykey", "kez"}) EXPECT_FALSE(equal_in_constant_time(other, "key"));
}

}  // namespace
}  // namespace wattline
