#include "serve/cache_control.h"

#include <gtest/gtest.h>

namespace wattline::serve {
namespace {

CacheWish wish(std::string_view value) {
  CacheWish w;
  read_cache_control(w, value);
  return w;
}
constexpr std::int64_t second = 1'000'000'000;

TEST(CacheControl, ReadsWhatARequestMaySay) {
  const auto plain = wish("");
  EXPECT_TRUE(plain.look && plain.keep && !plain.on && !plain.only_if_cached);
  EXPECT_EQ(plain.max_age_ns, INT64_MAX);
  EXPECT_FALSE(wish("no-store").look);
  EXPECT_FALSE(wish("no-store").keep);
  EXPECT_FALSE(wish("No-Cache").look);
  EXPECT_TRUE(wish("No-Cache").keep);
  EXPECT_TRUE(wish("only-if-cached").only_if_cached);
  EXPECT_EQ(wish("max-age=60").max_age_ns, 60 * second);
  EXPECT_EQ(wish(" max-age = \"7\" , x=1,, max-age=99").max_age_ns, 7 * second);
  EXPECT_FALSE(wish("x, no-cache").look);
}

TEST(CacheControl, TakesTheStrictestOfWhatMakesNoSense) {
  for (const char* bad : {"max-age", "max-age=", "max-age=-1", "max-age=x", "max-age=1x", "max-age=1.5", "max-age=\""})
    EXPECT_EQ(wish(bad).max_age_ns, 0) << bad;
  EXPECT_EQ(wish("max-age=99999999999999999999999").max_age_ns, INT64_MAX);
  EXPECT_EQ(wish("max-age=9223372036854775807").max_age_ns, INT64_MAX);
  for (const char* other : {"no-storex", "public", "max-stale=5", ",,,", "=", "stale-if-error=3"}) {
    EXPECT_TRUE(wish(other).look && wish(other).keep) << other;
    EXPECT_EQ(wish(other).max_age_ns, INT64_MAX) << other;
  }
}

TEST(CacheControl, OurOwnHeaderIsOnOrOff) {
  CacheWish w;
  EXPECT_FALSE(read_wattline_cache(w, " ON "));
  EXPECT_TRUE(w.on && w.look && w.keep);
  EXPECT_FALSE(read_wattline_cache(w, "off"));
  EXPECT_FALSE(w.look || w.keep);
  const auto e = read_wattline_cache(w, "maybe\x01");
  ASSERT_TRUE(e);
  EXPECT_EQ(e->status, 400);
  EXPECT_NE(e->message.find("on or off"), std::string::npos);
  EXPECT_EQ(e->message.find('\x01'), std::string::npos);
}

}  // namespace
}  // namespace wattline::serve
