#include "serve/health_state.h"

#include <gtest/gtest.h>

namespace wattline::serve {
namespace {

TEST(HealthState, ChangesAfterSeveralChecksThatSayTheSame) {
  HealthConfig c;
  c.healthy_after = 2;
  c.unhealthy_after = 3;
  HealthState h;
  EXPECT_TRUE(h.up());
  EXPECT_FALSE(h.report(false, c, 1));
  EXPECT_FALSE(h.report(false, c, 2));
  EXPECT_FALSE(h.report(true, c, 3));  // breaks the row
  EXPECT_FALSE(h.report(false, c, 4));
  EXPECT_FALSE(h.report(false, c, 5));
  EXPECT_TRUE(h.up());
  EXPECT_TRUE(h.report(false, c, 6));
  EXPECT_FALSE(h.up());
  EXPECT_FALSE(h.report(false, c, 7));
  EXPECT_FALSE(h.report(true, c, 8));
  EXPECT_FALSE(h.report(false, c, 9));
  EXPECT_FALSE(h.report(true, c, 10));
  EXPECT_TRUE(h.report(true, c, 11));
  EXPECT_TRUE(h.up());
  EXPECT_EQ(h.up_since_ns(), 11);
  EXPECT_EQ(h.checks(), 11);
}

TEST(HealthState, WarmsUpFromATenth) {
  constexpr std::int64_t s = 1'000'000'000;
  EXPECT_DOUBLE_EQ(warm_share(0, Duration(10)), 0.1);
  EXPECT_DOUBLE_EQ(warm_share(-s, Duration(10)), 0.1);
  EXPECT_DOUBLE_EQ(warm_share(5 * s, Duration(10)), 0.55);
  EXPECT_DOUBLE_EQ(warm_share(10 * s, Duration(10)), 1);
  EXPECT_DOUBLE_EQ(warm_share(0, Duration(0)), 1);
}

}  // namespace
}  // namespace wattline::serve
