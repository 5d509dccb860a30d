#include "serve/circuit_breaker.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace wattline::serve {
namespace {

constexpr std::int64_t s = 1'000'000'000;
using State = CircuitBreaker::State;

BreakerConfig config() {
  BreakerConfig c;
  c.open_for = Duration(10);
  c.open_most = Duration(100);
  return c;
}
bool fail(CircuitBreaker& b, std::int64_t now, bool may_open = true) { return b.failure(b.take(now), now, may_open); }
void succeed(CircuitBreaker& b, std::int64_t now) { b.success(b.take(now), now); }
// Opens a closed one.
void open(CircuitBreaker& b, std::int64_t now) {
  while (!fail(b, now)) ASSERT_TRUE(b.admits(now));
}

TEST(CircuitBreaker, FiveFailuresInARowOpenIt) {
  CircuitBreaker b(config(), 1);
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(fail(b, s));
  succeed(b, s);  // breaks the row
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(fail(b, s));
  EXPECT_EQ(b.state(s), State::closed);
  EXPECT_TRUE(fail(b, s));
  EXPECT_EQ(b.state(s), State::open);
  EXPECT_FALSE(b.admits(s));
  EXPECT_FALSE(b.take(s).taken);
  EXPECT_EQ(b.opened(), 1);
}

TEST(CircuitBreaker, TooLargeAShareOpensItButNotOfAFew) {
  BreakerConfig c = config();
  c.failures = 0;
  c.requests = 20;
  CircuitBreaker b(c, 1);
  for (int i = 0; i < 9; ++i) {
    succeed(b, s);
    EXPECT_FALSE(fail(b, s));
  }
  succeed(b, s);
  EXPECT_TRUE(fail(b, s));  // the 20th; 10 of 20
  CircuitBreaker old(c, 1);
  for (int i = 0; i < 19; ++i) EXPECT_FALSE(fail(old, s));
  EXPECT_FALSE(fail(old, 12 * s));  // the window is over, and with it what was counted
}

TEST(CircuitBreaker, BothRulesCanBeOff) {
  BreakerConfig c = config();
  c.failures = 0;
  c.error_rate = 0;
  CircuitBreaker b(c, 1);
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(fail(b, s));
  EXPECT_EQ(b.state(s), State::closed);
}

TEST(CircuitBreaker, StaysClosedWhileThePoolCannotDoWithoutIt) {
  CircuitBreaker b(config(), 1);
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(fail(b, s, false));
  EXPECT_TRUE(fail(b, s, true));
}

TEST(CircuitBreaker, OneProbeDecides) {
  CircuitBreaker b(config(), 1);
  open(b, s);
  const std::int64_t then = b.open_until_ns();
  EXPECT_GE(then, s + 8 * s);
  EXPECT_LE(then, s + 12 * s);
  EXPECT_FALSE(b.take(then - 1).taken);
  EXPECT_EQ(b.state(then), State::half_open);
  const auto probe = b.take(then);
  EXPECT_TRUE(probe.taken);
  EXPECT_TRUE(probe.probe);
  EXPECT_FALSE(b.admits(then));
  EXPECT_FALSE(b.take(then).taken);
  EXPECT_TRUE(b.failure(probe, then, false));  // open already: no further member is left out
  EXPECT_EQ(b.state(then), State::open);
  EXPECT_GE(b.open_until_ns() - then, 16 * s);  // twice as long
  const std::int64_t later = b.open_until_ns();
  const auto second = b.take(later);
  b.success(second, later);
  EXPECT_EQ(b.state(later), State::closed);
  EXPECT_TRUE(b.admits(later));
}

TEST(CircuitBreaker, AProbeThatWasGivenUpLetsAnotherTry) {
  CircuitBreaker b(config(), 1);
  open(b, s);
  const std::int64_t then = b.open_until_ns();
  b.forget(b.take(then));
  EXPECT_EQ(b.state(then), State::half_open);
  EXPECT_TRUE(b.take(then).probe);
}

TEST(CircuitBreaker, OutcomesFromBeforeItOpenedCountNoMore) {
  CircuitBreaker b(config(), 1);
  const auto old = b.take(s);
  open(b, s);
  b.success(old, s);
  EXPECT_EQ(b.state(s), State::open);
  EXPECT_FALSE(b.failure(old, s, true));
  const std::int64_t then = b.open_until_ns();
  const auto probe = b.take(then);
  b.forget(old);
  EXPECT_FALSE(b.admits(then));  // the probe is still out
  b.failure(probe, then, true);
  b.success(probe, then);  // twice tells nothing new
  EXPECT_EQ(b.state(then), State::open);
}

TEST(CircuitBreaker, OpensLongerEachTimeUpToALimitAndAnewAfterItHasHeld) {
  CircuitBreaker b(config(), 7);
  std::int64_t now = s;
  open(b, now);
  double last = 0;
  for (int i = 0; i < 8; ++i) {
    last = static_cast<double>(b.open_until_ns() - now) * 1e-9;
    const double expected = std::min(100.0, 10.0 * (1 << i));
    EXPECT_GE(last, 0.8 * expected);
    EXPECT_LE(last, 1.2 * expected);
    now = b.open_until_ns();
    EXPECT_TRUE(b.failure(b.take(now), now, true));
  }
  now = b.open_until_ns();
  succeed(b, now);  // the probe
  now += 130 * s;
  open(b, now);
  EXPECT_LE(b.open_until_ns() - now, 12 * s);
}

TEST(CircuitBreaker, TheSeedDecidesTheJitter) {
  std::vector<std::int64_t> until;
  for (const std::uint64_t seed : {1u, 1u, 2u}) {
    CircuitBreaker b(config(), seed);
    open(b, s);
    until.push_back(b.open_until_ns());
  }
  EXPECT_EQ(until[0], until[1]);
  EXPECT_NE(until[0], until[2]);
}

TEST(CircuitBreaker, ManyThreadsNeverTakeMoreProbesThanAreAllowed) {
  BreakerConfig c = config();
  c.probes = 3;
  CircuitBreaker b(c, 1);
  open(b, s);
  const std::int64_t then = b.open_until_ns();
  std::atomic<int> taken{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        for (int j = 0; j < 100; ++j)
          if (b.take(then).taken) taken.fetch_add(1);
      });
  }
  EXPECT_EQ(taken.load(), 3);
}

}  // namespace
}  // namespace wattline::serve
