#include "serve/token_bucket.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace wattline::serve {
namespace {

constexpr std::int64_t second = 1'000'000'000;

TEST(TokenBucket, GivesAMinutesWorthAtOnceAndThenByTime) {
  TokenBucket b(60, 0);
  for (int i = 0; i < 60; ++i) EXPECT_TRUE(b.take(1, 0)) << i;
  EXPECT_FALSE(b.take(1, 0));
  EXPECT_DOUBLE_EQ(b.seconds_until(1, 0), 1);
  EXPECT_DOUBLE_EQ(b.seconds_until_full(0), 60);
  EXPECT_FALSE(b.take(1, second - 1000'000));
  EXPECT_TRUE(b.take(1, second));
  EXPECT_FALSE(b.take(1, second));
  EXPECT_DOUBLE_EQ(b.level(3600 * second), 60);
}

TEST(TokenBucket, SettlesWhatWasEstimated) {
  TokenBucket b(600, 0);
  EXPECT_TRUE(b.take(500, 0));
  b.give_back(400);  // 100 were used
  EXPECT_DOUBLE_EQ(b.level(0), 500);
  EXPECT_TRUE(b.take(500, 0));
  b.charge(700);  // 1,200 were used
  EXPECT_DOUBLE_EQ(b.level(0), -700);
  EXPECT_FALSE(b.take(1, 69 * second));
  EXPECT_NEAR(b.level(71 * second), 10, 1e-6);
  b.give_back(1e9);
  EXPECT_DOUBLE_EQ(b.level(71 * second), 600);
}

TEST(TokenBucket, MoreThanFitsNeverComes) {
  TokenBucket b(10, 0);
  EXPECT_FALSE(b.take(11, 0));
  EXPECT_TRUE(std::isinf(b.seconds_until(11, 0)));
  EXPECT_TRUE(b.take(10, 0));
  TokenBucket none(0, 0);
  EXPECT_FALSE(none.take(1, 1000 * second));
  EXPECT_TRUE(std::isinf(none.seconds_until(1, 0)));
}

TEST(TokenBucket, WithoutALimitEverythingIsGiven) {
  TokenBucket b;
  EXPECT_FALSE(b.limited());
  EXPECT_TRUE(b.take(1e18, 0));
  b.charge(1e18);
  EXPECT_EQ(b.seconds_until(1e18, 0), 0);
  b.set_limit(5, 0);
  EXPECT_TRUE(b.take(5, 0));
  EXPECT_FALSE(b.take(1, 0));
}

TEST(TokenBucket, AClockThatGoesBackGivesNothing) {
  TokenBucket b(60, 100 * second);
  EXPECT_TRUE(b.take(60, 100 * second));
  EXPECT_FALSE(b.take(1, 50 * second));
  EXPECT_FALSE(b.take(1, 50 * second + second / 2));
  EXPECT_TRUE(b.take(1, 51 * second));
}

TEST(TokenBucket, AnotherLimitForgetsNothing) {
  TokenBucket b(100, 0);
  EXPECT_TRUE(b.take(80, 0));
  b.set_limit(50, 0);
  EXPECT_DOUBLE_EQ(b.level(0), -30);
  b.set_limit(200, 0);
  EXPECT_DOUBLE_EQ(b.level(0), 120);
}

// Whatever is asked and when: never more than the limit times the time, and the first minute's worth.
TEST(TokenBucket, NeverGivesMoreThanTimeAllows) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 50; ++round) {
    const double limit = 1 + static_cast<double>(random() % 1000);
    TokenBucket b(limit, 0);
    std::int64_t now = 0;
    double taken = 0;
    for (int i = 0; i < 2000; ++i) {
      now += static_cast<std::int64_t>(random() % (second / 10));
      const double n = static_cast<double>(random() % 20);
      if (b.take(n, now)) taken += n;
    }
    EXPECT_LE(taken, limit + limit / 60 * static_cast<double>(now) * 1e-9 + 0.01);
  }
}

}  // namespace
}  // namespace wattline::serve
