#include "serve/balancer.h"

#include <array>
#include <map>

#include <gtest/gtest.h>

#include "serve/chance.h"
#include "serve/peak_ewma.h"

namespace wattline::serve {
namespace {

using Views = std::vector<MemberView>;

std::map<std::size_t, int> count(Balancer& b, BalancePolicy policy, const Views& views, int n) {
  std::map<std::size_t, int> out;
  for (int i = 0; i < n; ++i) ++out[b.pick(policy, views).value()];
  return out;
}

TEST(Balancer, WeightsAreKeptExactlyAndSmoothly) {
  Balancer b(1);
  const Views views{{.weight = 5}, {.weight = 1}, {.weight = 1}};
  auto n = count(b, BalancePolicy::weighted, views, 700);
  EXPECT_EQ(n[0], 500);
  EXPECT_EQ(n[1], 100);
  EXPECT_EQ(n[2], 100);
  int row = 0, longest = 0;
  for (int i = 0; i < 70; ++i) {
    row = *b.pick(BalancePolicy::weighted, views) == 0 ? row + 1 : 0;
    longest = std::max(longest, row);
  }
  EXPECT_LE(longest, 5);  // a turn of seven is never five and more in one go twice
}

TEST(Balancer, WhatIsNotUsableIsNeverChosen) {
  for (const auto policy : {BalancePolicy::weighted, BalancePolicy::least_outstanding, BalancePolicy::latency}) {
    Balancer b(1);
    EXPECT_FALSE(b.pick(policy, Views{}));
    EXPECT_FALSE(b.pick(policy, Views{{.usable = false}}));
    const Views views{{.usable = false}, {.outstanding = 100, .first_byte_s = 9.0}};
    EXPECT_EQ(count(b, policy, views, 50)[1], 50);
  }
}

TEST(Balancer, ALowerTierIsExhaustedFirst) {
  for (const auto policy : {BalancePolicy::weighted, BalancePolicy::least_outstanding, BalancePolicy::latency}) {
    Balancer b(3);
    Views views{{.tier = 1}, {.tier = 0, .outstanding = 1000}, {.tier = 2}};
    EXPECT_EQ(count(b, policy, views, 20)[1], 20);
    views[1].usable = false;
    EXPECT_EQ(count(b, policy, views, 20)[0], 20);
    views[0].usable = false;
    EXPECT_EQ(count(b, policy, views, 20)[2], 20);
  }
}

TEST(Balancer, LeastOutstandingCountsByWeightAndTakesEqualsInTurn) {
  Balancer b(1);
  EXPECT_EQ(b.pick(BalancePolicy::least_outstanding, Views{{.outstanding = 3}, {.outstanding = 2}}), 1u);
  EXPECT_EQ(b.pick(BalancePolicy::least_outstanding, Views{{.weight = 4, .outstanding = 6}, {.outstanding = 1}}), 0u);
  Balancer equal(1);
  auto n = count(equal, BalancePolicy::least_outstanding, Views{{}, {}, {}}, 300);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(n[i], 100);
}

TEST(Balancer, LatencyPrefersTheQuickAndSpreadsAsTheyFill) {
  Balancer b(1);
  Views views{{.first_byte_s = 0.1}, {.first_byte_s = 0.4}};
  std::array<int, 2> n{};
  for (int i = 0; i < 50; ++i) {  // nobody answers: requests pile up
    const auto at = *b.pick(BalancePolicy::latency, views);
    ++n[at];
    views[at].outstanding += 1;
  }
  EXPECT_NEAR(n[0], 40, 1);  // four to one
  EXPECT_NEAR(n[1], 10, 1);
}

TEST(Balancer, UnseenMembersAreNeitherStarvedNorFlooded) {
  Balancer b(1);
  Views views{{.first_byte_s = 0.1}, {}};
  EXPECT_EQ(b.pick(BalancePolicy::latency, views), 1u);
  views[1].outstanding = 1;
  EXPECT_EQ(b.pick(BalancePolicy::latency, views), 0u);
  views[0].outstanding = 2;
  EXPECT_EQ(b.pick(BalancePolicy::latency, views), 1u);
  // Where nothing is known of anyone, those with the fewest requests come first.
  const Views unknown{{.outstanding = 2}, {.outstanding = 1}};
  EXPECT_EQ(b.pick(BalancePolicy::latency, unknown), 1u);
}

// Members of 20, 40 and 400 ms, simulated on a clock of its own: the slow one gets little, but is tried
// again and again, and once it is the quickest it gets most.
TEST(Balancer, LatencyFindsAMemberThatHasBecomeQuick) {
  Balancer b(5);
  std::array<PeakEwma, 3> seen;
  std::array<double, 3> real{0.02, 0.04, 0.4};
  std::array<std::vector<double>, 3> ends;
  std::uint64_t random = 1;
  double now = 0;
  const auto run = [&](int n) {
    std::array<int, 3> got{};
    for (int i = 0; i < n; ++i) {
      now += 0.01 * (0.5 + chance_of(random));
      Views views(3);
      for (std::size_t m = 0; m < 3; ++m) {
        std::erase_if(ends[m], [&](double t) { return t <= now; });
        views[m].outstanding = static_cast<double>(ends[m].size());
        views[m].first_byte_s = seen[m].value(static_cast<std::int64_t>(now * 1e9));
      }
      const auto at = *b.pick(BalancePolicy::latency, views);
      ++got[at];
      ends[at].push_back(now + real[at]);
      seen[at].add(real[at], static_cast<std::int64_t>((now + real[at]) * 1e9));
    }
    return got;
  };
  const auto before = run(10'000);
  EXPECT_GT(before[0], before[1]);
  EXPECT_GT(before[1], before[2]);
  EXPECT_GT(before[2], 0);
  EXPECT_LT(before[2], 1000);
  real[2] = 0.005;
  run(5000);
  const auto after = run(5000);
  EXPECT_GT(after[2], after[0]);
}

TEST(Balancer, TheSeedDecides) {
  const auto choices = [](std::uint64_t seed) {
    Balancer b(seed);
    std::vector<std::size_t> out;
    for (int i = 0; i < 20; ++i) out.push_back(*b.pick(BalancePolicy::least_outstanding, Views{{}, {}, {}, {}, {}}));
    return out;
  };
  EXPECT_EQ(choices(1), choices(1));
  EXPECT_NE(choices(1), choices(2));
}

TEST(PeakEwma, BelievesBadNewsAtOnceAndGoodNewsSlowly) {
  constexpr std::int64_t s = 1'000'000'000;
  PeakEwma e(10);
  EXPECT_FALSE(e.value(s));
  e.add(0.1, s);
  EXPECT_DOUBLE_EQ(*e.value(s), 0.1);
  e.add(1.0, 2 * s);
  EXPECT_DOUBLE_EQ(*e.value(2 * s), 1.0);
  e.add(0.1, 3 * s);
  EXPECT_NEAR(*e.value(3 * s), std::exp(-0.1) + 0.1 * (1 - std::exp(-0.1)), 1e-12);
  EXPECT_NEAR(*e.value(13 * s), *e.value(3 * s) * std::exp(-1.0), 1e-12);
  e.at_least(0.01, 3 * s);  // no news
  EXPECT_GT(*e.value(3 * s), 0.9);
  e.at_least(5, 3 * s);
  EXPECT_DOUBLE_EQ(*e.value(3 * s), 5.0);
}

}  // namespace
}  // namespace wattline::serve
