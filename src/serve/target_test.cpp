#include "serve/target.h"

#include <gtest/gtest.h>

namespace wattline::serve {
namespace {

TEST(Target, PathAlone) {
  auto t = parse_target("/v1/models");
  ASSERT_TRUE(t);
  EXPECT_EQ(t->path, "/v1/models");
  EXPECT_TRUE(t->query.empty());
}

TEST(Target, QueryIsDecodedAndLastWins) {
  auto t = parse_target("/a%20b?limit=5&x=1%2B1&x=two+words&flag&=empty&&");
  ASSERT_TRUE(t);
  EXPECT_EQ(t->path, "/a b");
  EXPECT_EQ(t->query.at("limit"), "5");
  EXPECT_EQ(t->query.at("x"), "two words");
  EXPECT_EQ(t->query.at("flag"), "");
  EXPECT_EQ(t->query.at(""), "empty");
}

TEST(Target, PlusStaysInPath) { EXPECT_EQ(parse_target("/a+b")->path, "/a+b"); }

TEST(Target, FragmentIsDropped) { EXPECT_EQ(parse_target("/a#b?c")->path, "/a"); }

TEST(Target, RefusesWhatNoHandlerShouldSee) {
  for (const char* bad : {"", "*", "http://evil/v1", "v1/models", "/%", "/%4", "/%zz", "/a%00b", "/../etc", "/a/..",
                          "/a/%2e%2e/b", "/./a", "/a?x=%", "/a?%zz=1", "/a?x=%00"})
    EXPECT_FALSE(parse_target(bad)) << bad;
}

TEST(Target, DotsInsideNamesAreFine) {
  EXPECT_TRUE(parse_target("/assets/index..js"));
  EXPECT_TRUE(parse_target("/.well-known/x"));
}

}  // namespace
}  // namespace wattline::serve
