#include "serve/retry.h"

#include <gtest/gtest.h>

namespace wattline::serve {
namespace {

constexpr std::int64_t s = 1'000'000'000;

TEST(RetryBudget, AStormOfFailuresIsAnsweredByAShareOfRetries) {
  TryBudget b(0.2, 10);
  int retries = 0;
  for (int i = 0; i < 10'000; ++i) {
    b.deposit();
    if (b.withdraw(s)) ++retries;
  }
  EXPECT_GE(retries, 2000);
  EXPECT_LE(retries, 2010);
}

TEST(RetryBudget, QuietTimesHaveAFewInHandThatComeBack) {
  TryBudget b(0.2, 3);
  EXPECT_TRUE(b.withdraw(s) && b.withdraw(s) && b.withdraw(s));
  EXPECT_FALSE(b.withdraw(s));
  EXPECT_TRUE(b.withdraw(5 * s));  // 1.2 of 3 after 4 s
  EXPECT_FALSE(b.withdraw(5 * s));
  EXPECT_TRUE(b.withdraw(1000 * s));
  EXPECT_TRUE(b.withdraw(1000 * s));
  EXPECT_TRUE(b.withdraw(1000 * s));
  EXPECT_FALSE(b.withdraw(1000 * s));  // never more than were in hand
}

TEST(RetryBudget, AQuietHourSavesNothingWithoutEnd) {
  TryBudget b(1, 1, 5);
  for (int i = 0; i < 1000; ++i) b.deposit();
  int n = 0;
  while (b.withdraw(s)) ++n;
  EXPECT_LE(n, 6);
}

TEST(RetryBudget, NoneIsNone) {
  TryBudget b(0, 10);
  EXPECT_FALSE(b.withdraw(s));
}

TEST(Retry, WhatIsWorthAnotherTry) {
  EXPECT_TRUE(worth_another({.reached = false}));
  EXPECT_FALSE(worth_another({.reached = false, .status = 400, .sent = false}));
  EXPECT_TRUE(worth_another({.status = 502}));  // broke off, or no HTTP
  EXPECT_TRUE(worth_another({.status = 504}));  // took too long
  for (int status : {401, 403, 429, 502, 503, 504, 529})
    EXPECT_TRUE(worth_another({.status = status, .told = true})) << status;
  for (int status : {400, 404, 413, 422, 500, 501})
    EXPECT_FALSE(worth_another({.status = status, .told = true})) << status;
}

TEST(Retry, WhatSpeaksAgainstAMember) {
  EXPECT_TRUE(speaks_against({.reached = false}));
  EXPECT_FALSE(speaks_against({.reached = false, .sent = false}));
  EXPECT_TRUE(speaks_against({.status = 504}));
  for (int status : {401, 403, 500, 502, 503}) EXPECT_TRUE(speaks_against({.status = status, .told = true})) << status;
  for (int status : {400, 404, 422, 429}) EXPECT_FALSE(speaks_against({.status = status, .told = true})) << status;
}

TEST(Retry, BackoffDoublesWithJitterUpToALimit) {
  RetryConfig c;
  c.backoff = Duration(0.1);
  c.backoff_most = Duration(1);
  std::uint64_t random = 3;
  for (int n = 0; n < 40; ++n) {
    const double most = std::min(1.0, 0.1 * std::exp2(std::min(n, 10)));
    for (int i = 0; i < 20; ++i) {
      const double d = backoff(c, n, random).base();
      EXPECT_GE(d, most / 2);
      EXPECT_LE(d, most);
    }
  }
  std::uint64_t a = 9, b = 9;
  EXPECT_EQ(backoff(c, 0, a).base(), backoff(c, 0, b).base());
}

TEST(Retry, RetryAfterIsSecondsOrADate) {
  EXPECT_EQ(read_retry_after("0", 0)->base(), 0);
  EXPECT_EQ(read_retry_after("120 ", 0)->base(), 120);
  EXPECT_EQ(read_retry_after("Thu, 01 Jan 1970 00:01:00 GMT", 15)->base(), 45);
  EXPECT_EQ(read_retry_after("Thu, 01 Jan 1970 00:01:00 GMT", 900)->base(), 0);
  for (const char* bad :
       {"", "-1", "1.5", "12 s", "soon", "99999999999999999999", "Thu, 01 Jan 1970", "Thu, 01 Jan 1970 00:01:00 GMT!"})
    EXPECT_FALSE(read_retry_after(bad, 0)) << bad;
  EXPECT_FALSE(read_retry_after(std::string(1000, '1'), 0));
}

}  // namespace
}  // namespace wattline::serve
