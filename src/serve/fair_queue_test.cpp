#include "serve/fair_queue.h"

#include <array>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace wattline::serve {
namespace {

struct Named {
  int flow;
  int number;
  bool operator==(const Named&) const = default;
};
constexpr auto all = [](const void*) { return true; };
const int flow_keys[8] = {};
const void* key(int i) { return &flow_keys[i]; }

TEST(FairQueue, OneFlowIsFirstComeFirstServed) {
  FairQueue<Named> q;
  for (int i = 0; i < 5; ++i) q.push(key(0), 1, 1 + i % 2, {0, i});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(q.pop(all), (Named{0, i}));
  EXPECT_FALSE(q.pop(all));
  EXPECT_EQ(q.size(), 0u);
}

TEST(FairQueue, AFloodDoesNotDelayOthers) {
  FairQueue<Named> q;
  for (int i = 0; i < 100; ++i) q.push(key(0), 1, 1, {0, i});
  for (int i = 0; i < 3; ++i) q.push(key(1), 1, 1, {1, i});
  int before = 0;
  for (int seen = 0; seen < 3;) {
    const auto next = q.pop(all);
    ASSERT_TRUE(next);
    next->flow == 1 ? ++seen : ++before;
  }
  EXPECT_LE(before, 4);  // in turns, though a hundred had come before
}

TEST(FairQueue, ServiceFollowsWeightsAndCosts) {
  std::mt19937 random(3);
  const std::array<double, 3> weights{1, 2, 5};
  FairQueue<Named> q;
  std::array<std::vector<double>, 3> costs;
  for (int i = 0; i < 3000; ++i)
    for (int f = 0; f < 3; ++f) {
      const double cost = 1 + static_cast<double>(random() % 100);
      costs[static_cast<std::size_t>(f)].push_back(cost);
      q.push(key(f), weights[static_cast<std::size_t>(f)], cost, {f, i});
    }
  std::array<double, 3> served{};
  for (int i = 0; i < 3000; ++i) {
    const auto next = q.pop(all);
    served[static_cast<std::size_t>(next->flow)] +=
        costs[static_cast<std::size_t>(next->flow)][static_cast<std::size_t>(next->number)];
  }
  // Theorem 1 of the source: normalised services differ by at most the largest cost over weight of each.
  for (std::size_t f = 1; f < 3; ++f)
    EXPECT_NEAR(served[f] / weights[f], served[0] / weights[0], 100 / weights[f] + 100 / weights[0]);
}

TEST(FairQueue, WhatPassedWithoutWaitingCounts) {
  FairQueue<Named> q;
  for (int i = 0; i < 10; ++i) q.pass(key(0), 1, 10);
  q.push(key(0), 1, 10, {0, 0});
  q.push(key(1), 1, 10, {1, 0});
  EXPECT_EQ(q.pop(all)->flow, 1);  // who had ten lets the other go first
}

TEST(FairQueue, WhoRestedGetsNoMoreThanItsShare) {
  FairQueue<Named> q;
  for (int i = 0; i < 1000; ++i) q.pass(key(0), 1, 1);
  for (int i = 0; i < 20; ++i) {
    q.push(key(0), 1, 1, {0, i});
    q.push(key(1), 1, 1, {1, i});
  }
  int of_rested = 0;
  for (int i = 0; i < 20; ++i) of_rested += q.pop(all)->flow == 1;
  EXPECT_GE(of_rested, 10);
  EXPECT_LE(of_rested, 11);
}

TEST(FairQueue, FlowsThatMayNotGoArePassedOver) {
  FairQueue<Named> q;
  q.push(key(0), 1, 1, {0, 0});
  q.push(key(1), 1, 1, {1, 0});
  EXPECT_EQ(q.pop([](const void* f) { return f == key(1); }), (Named{1, 0}));
  EXPECT_FALSE(q.pop([](const void* f) { return f == key(1); }));
  EXPECT_EQ(q.pop(all), (Named{0, 0}));
}

TEST(FairQueue, AFullQueueDropsTheNewestOfWhoHoldsMost) {
  FairQueue<Named> q;
  for (int i = 0; i < 6; ++i) q.push(key(0), 1, 1, {0, i});
  q.push(key(1), 1, 1, {1, 0});
  EXPECT_FALSE(q.push_out(key(0), 1));  // nobody holds more than it does itself
  EXPECT_EQ(q.push_out(key(2), 1), (Named{0, 5}));
  EXPECT_EQ(q.push_out(key(2), 1), (Named{0, 4}));
  EXPECT_EQ(q.size(), 5u);
  EXPECT_EQ(q.size(key(0)), 4u);
  EXPECT_FALSE(q.push_out(key(2), 0.1));  // for its weight it would hold most
  EXPECT_FALSE(FairQueue<Named>().push_out(key(0), 1));
}

TEST(FairQueue, WhatIsTakenOutIsNotServedAndNotPaidFor) {
  FairQueue<Named> q;
  for (int i = 0; i < 3; ++i) q.push(key(0), 1, 100, {0, i});
  EXPECT_TRUE(q.remove(key(0), {0, 2}));
  EXPECT_TRUE(q.remove(key(0), {0, 0}));
  EXPECT_FALSE(q.remove(key(0), {0, 0}));
  EXPECT_FALSE(q.remove(key(1), {0, 1}));
  EXPECT_EQ(q.pop(all), (Named{0, 1}));
  EXPECT_EQ(q.size(), 0u);
}

}  // namespace
}  // namespace wattline::serve
