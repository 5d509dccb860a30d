#include "serve/pool.h"

#include <gtest/gtest.h>

namespace wattline::serve {
namespace {

constexpr std::int64_t s = 1'000'000'000, later = 1'000'000 * s;  // long after the pool was made

// A pool of upstreams that exist only here.
struct Made {
  explicit Made(std::size_t n, BalanceConfig balance = {}) : models(n) {
    balance.policy = BalancePolicy::weighted;
    pool = std::make_unique<ModelPool>("m", 0, balance);
    for (std::size_t i = 0; i < n; ++i) {
      upstreams.push_back(std::make_unique<Upstream>());
      upstreams[i]->config.name = "up" + std::to_string(i);
    }
  }
  void fill(std::vector<int> tiers = {}) {
    for (std::size_t i = 0; i < models.size(); ++i)
      pool->add(models[i], *upstreams[i], 1, i < tiers.size() ? tiers[i] : 0);
  }
  std::optional<ModelPool::Choice> choose(std::uint64_t tried = 0, std::int64_t now = later, bool in_need = true) {
    return pool->choose(seat, tried, false, now, in_need);
  }
  // Which members a hundred requests go to.
  std::uint64_t asked(std::int64_t now = later) {
    std::uint64_t out = 0;
    for (int i = 0; i < 100; ++i)
      if (const auto c = choose(0, now)) {
        out |= std::uint64_t{1} << c->at;
        c->member->breaker.forget(c->ticket);
      }
    return out;
  }
  void fail(std::size_t at, int times, std::int64_t now = later) {
    for (int i = 0; i < times; ++i) {
      const auto c = choose(~(std::uint64_t{1} << at), now);
      ASSERT_TRUE(c);
      pool->failed(*c, {.reached = false}, now);
    }
  }
  std::vector<std::unique_ptr<Upstream>> upstreams;
  std::vector<ServedModel> models;
  std::unique_ptr<ModelPool> pool;
  ModelPool::Seat seat{1};
};

TEST(ModelPool, DrainedFullRestingAndDownMembersAreLeftOut) {
  Made m(5);
  m.fill();
  EXPECT_EQ(m.asked(), 0b11111u);
  m.upstreams[0]->drained = true;
  m.upstreams[1]->in_flight = static_cast<int>(m.upstreams[1]->config.max_in_flight);
  m.pool->rest(*m.choose(~std::uint64_t{4}), Duration(10), later);
  HealthConfig health;
  for (int i = 0; i < health.unhealthy_after; ++i) m.upstreams[3]->health.report(false, health, later);
  EXPECT_EQ(m.asked(), 0b10000u);
  EXPECT_EQ(m.asked(later + 11 * s), 0b10100u);
}

TEST(ModelPool, InNeedThoseThatSeemDownAreAsked) {
  Made m(2);
  m.fill();
  HealthConfig health;
  for (auto& u : m.upstreams)
    for (int i = 0; i < health.unhealthy_after; ++i) u->health.report(false, health, later);
  EXPECT_FALSE(m.choose(0, later, false));
  EXPECT_EQ(m.asked(), 0b11u);
  m.upstreams[0]->drained = true;  // but never those that are drained
  EXPECT_EQ(m.asked(), 0b10u);
}

TEST(ModelPool, AtMostHalfIsLeftOutForFailures) {
  Made m(4);
  m.fill();
  for (std::size_t i = 0; i < 4; ++i) m.fail(i, 5);
  EXPECT_EQ(m.asked(), 0b1100u);
  Made single(1);
  single.fill();
  single.fail(0, 50);
  EXPECT_EQ(single.asked(), 0b1u);
}

TEST(ModelPool, WhatTheClientIsToBlameForLeavesNobodyOut) {
  Made m(2);
  m.fill();
  for (int i = 0; i < 50; ++i) m.pool->failed(*m.choose(~std::uint64_t{1}), {.status = 400, .told = true}, later);
  EXPECT_EQ(m.asked(), 0b11u);
  EXPECT_EQ(m.pool->members()[0]->failed, 0);
}

TEST(ModelPool, AMemberThatHasFailedComesBackThroughAProbe) {
  Made m(2);
  m.fill();
  m.fail(0, 5);
  EXPECT_EQ(m.asked(), 0b10u);
  const std::int64_t then = later + 7 * s;
  const auto probe = m.choose(~std::uint64_t{1}, then);
  ASSERT_TRUE(probe);
  EXPECT_TRUE(probe->ticket.probe);
  EXPECT_FALSE(m.choose(~std::uint64_t{1}, then, false));  // one at a time
  m.pool->answered(*probe, false, 0.1, then);
  m.pool->succeeded(*probe, then);
  EXPECT_EQ(m.asked(then), 0b11u);
}

TEST(ModelPool, AHigherTierIsAskedOnlyWhenTheLowerIsExhausted) {
  Made m(3);
  m.fill({1, 0, 1});
  EXPECT_EQ(m.asked(), 0b010u);
  EXPECT_EQ(m.choose(0b010)->member->tier, 1);
  m.fail(1, 5);
  EXPECT_EQ(m.asked(), 0b101u);
}

TEST(ModelPool, SaysWhyThereIsNobody) {
  Made m(2);
  m.fill();
  m.upstreams[0]->drained = true;
  m.upstreams[1]->drained = true;
  EXPECT_FALSE(m.choose());
  EXPECT_FALSE(m.pool->nobody(later).full);
  EXPECT_FALSE(m.pool->nobody(later).rest);
  m.upstreams[0]->drained = false;
  m.upstreams[0]->in_flight = static_cast<int>(m.upstreams[0]->config.max_in_flight);
  EXPECT_TRUE(m.pool->nobody(later).full);
  m.upstreams[0]->in_flight = 0;
  m.pool->rest(*m.choose(), Duration(1e9), later);
  EXPECT_NEAR(m.pool->nobody(later).rest->base(), 60, 1e-6);
}

TEST(ModelPool, RetriesByDefaultAreForOthers) {
  Made one(1), three(3);
  one.fill();
  three.fill();
  EXPECT_EQ(one.pool->retries(), 0);
  EXPECT_EQ(three.pool->retries(), 2);
  BalanceConfig five;
  five.retry.most = 5;
  Made told(1, five);
  told.fill();
  EXPECT_EQ(told.pool->retries(), 5);
}

TEST(ModelPool, HedgesOnceEnoughIsKnown) {
  BalanceConfig b;
  b.hedge.enabled = true;
  Made m(2, b);
  m.fill();
  EXPECT_FALSE(m.pool->hedge_delay(true));
  for (int i = 0; i < FirstByteTimes::needed; ++i) m.pool->answered(*m.choose(), true, 0.2, later);
  EXPECT_GE(m.pool->hedge_delay(true)->base(), 0.2);
  EXPECT_FALSE(m.pool->hedge_delay(false));  // whole replies take another time
  Made alone(1, b);
  alone.fill();
  for (int i = 0; i < FirstByteTimes::needed; ++i) alone.pool->answered(*alone.choose(), true, 0.2, later);
  EXPECT_FALSE(alone.pool->hedge_delay(true));
}

TEST(ModelPool, AMemberThatHasComeUpWarmsUp) {
  Made m(2);
  for (auto& u : m.upstreams) u->config.warm_up = Duration(100);
  m.fill();
  HealthConfig health;
  for (int i = 0; i < health.unhealthy_after; ++i) m.upstreams[0]->health.report(false, health, later);
  for (int i = 0; i < health.healthy_after; ++i) m.upstreams[0]->health.report(true, health, later);
  const auto share = [&](std::int64_t now) {
    int first = 0;
    for (int i = 0; i < 1100; ++i) first += m.choose(0, now)->at == 0 ? 1 : 0;
    return first;
  };
  EXPECT_NEAR(share(later), 100, 5);
  EXPECT_NEAR(share(later + 200 * s), 550, 5);
}

TEST(EngineState, TellsTheRequestsOfOthersForAWhile) {
  EngineState e;
  EXPECT_EQ(e.others(Duration(1), later), 0);
  EXPECT_FALSE(e.last());
  e.told({10, 5, 0.5}, 4, later);
  EXPECT_EQ(e.others(Duration(1), later), 11);
  EXPECT_EQ(e.others(Duration(1), later + 4 * s), 0);  // stale
  EXPECT_EQ(e.last()->cache_used, 0.5);
  e.told({0, 2, {}}, 4, later);
  EXPECT_EQ(e.others(Duration(1), later), 0);  // never below none
  EXPECT_FALSE(e.last()->cache_used);
}

}  // namespace
}  // namespace wattline::serve
