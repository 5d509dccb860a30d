#include "kernel/curl_library.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/command_testing.h"

namespace wattline {
namespace {

using testing::HasSubstr;

TEST(CurlLibrary, IsThere) {
  EXPECT_EQ(&CurlLibrary::get(), &CurlLibrary::get());
  EXPECT_STREQ(CurlLibrary::get().easy_strerror(CURLE_OK), "No error");
}

TEST(CurlLibrary, MissingAndOther) {
  const std::string missing = tests::message_of([] { CurlLibrary library("libno-such-thing.so.9"); });
  EXPECT_THAT(missing, HasSubstr("libno-such-thing.so.9"));
  EXPECT_THAT(missing, HasSubstr("libcurl4"));
  EXPECT_THAT(tests::message_of([] { CurlLibrary library("libm.so.6"); }), HasSubstr("has no curl_global_init"));
}

}  // namespace
}  // namespace wattline
