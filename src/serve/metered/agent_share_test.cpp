#include "serve/metered/agent_share.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace wattline::serve {
namespace {

AgentPart part(double work, double idle = 0, double spread = 0) {
  AgentPart p;
  p.work = work;
  p.idle = idle;
  p.spread = spread;
  return p;
}

AgentPart unknown() {
  AgentPart p;
  p.trouble = "not read";
  return p;
}

// What a request that was under way from 0 to 1 teaches, so that later ones have a rate.
void teach(AgentShare& share, double joules) {
  const auto t = share.begin(0);
  share.end(t, 1);
  share.take(0, 1, part(joules));
}

TEST(AgentShare, NothingIsKnownBeforeTheAgentToldOfWork) {
  AgentShare share({});
  const auto t = share.begin(0);
  EXPECT_FALSE(share.end(t, 1));
  EXPECT_FALSE(share.state(1).known);
}

TEST(AgentShare, ALongRequestIsChargedWhatTheIntervalsTold) {
  AgentShare share({});
  const auto t = share.begin(0);
  for (int i = 0; i < 10; ++i) share.take(i, i + 1, part(100 + i, 0, 0.02));
  const auto cost = share.end(t, 10);
  ASSERT_TRUE(cost);
  EXPECT_NEAR(cost->energy.base(), 1045, 1e-6);
  EXPECT_NEAR(cost->sd.base(), 0.02 * 1045, 1e-6);
  EXPECT_TRUE(cost->measured);
}

TEST(AgentShare, RequestsAtOnceShareAnIntervalAlikePerSecond) {
  AgentShare share({});
  const auto a = share.begin(0), b = share.begin(1);
  share.take(0, 2, part(300));  // three request-seconds
  const auto of_a = share.end(a, 2), of_b = share.end(b, 2);
  ASSERT_TRUE(of_a && of_b);
  EXPECT_NEAR(of_a->energy.base(), 200, 1);
  EXPECT_NEAR(of_b->energy.base(), 100, 1);
}

TEST(AgentShare, IdlePowerIsBorneForAsLongAsOneIsUnderWay) {
  AgentShare share({});
  const auto t = share.begin(0);
  share.end(t, 1);
  share.take(0, 4, part(0, 400));  // a quarter of the interval busy
  const auto u = share.begin(4);
  share.take(4, 8, part(0, 400));
  EXPECT_NEAR(share.end(u, 8)->energy.base(), 400, 1e-6);
  EXPECT_NEAR(share.state(8).watts, 100, 1e-9);
}

TEST(AgentShare, WorkWhileNothingIsUnderWayIsNobodys) {
  AgentShare share({});
  teach(share, 50);
  share.take(1, 2, part(1e6));
  const auto t = share.begin(2);
  share.take(2, 3, part(70));
  EXPECT_NEAR(share.end(t, 3)->energy.base(), 70, 1e-6);
  EXPECT_NEAR(share.state(3).elsewhere, 1e6, 1e-6);
}

TEST(AgentShare, TheEndOfARequestIsForecastAndWhatItMissedByIsMadeGood) {
  AgentShare share({});
  teach(share, 100);
  // The machine draws twice of what it did; only requests of a tenth of a second come, and all end before it is told.
  double now = 1, charged = 0, drawn = 0;
  for (int interval = 0; interval < 60; ++interval) {
    for (int i = 0; i < 10; ++i) {
      const auto t = share.begin(now);
      now += 0.1;
      const auto cost = share.end(t, now);
      ASSERT_TRUE(cost);
      charged += cost->energy.base();
    }
    drawn += 200;
    share.take(now - 1, now, part(200));
  }
  EXPECT_NEAR(charged / drawn, 1, 0.005);
  EXPECT_NEAR(share.state(now).owed, 0, 2);
}

// Whatever the machine and the requests do, what is charged is what was drawn, but for what is still owed.
TEST(AgentShare, ChargesAddUpToWhatTheAgentSaw) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> uniform(0, 1);
    AgentShare share({});
    const double first = 100 * uniform(random);
    teach(share, first);
    struct Open {
      AgentShare::Ticket ticket;
      double end;
    };
    std::vector<Open> open;
    double charged = 0, drawn = 0, told = 1, work = 0;
    const double late = 0.3 + uniform(random);  // how long after its end an interval is told
    for (double now = 1; now < 400; now += 0.05) {
      std::erase_if(open, [&](const Open& o) {
        if (o.end > now) return false;
        const auto cost = share.end(o.ticket, now);
        EXPECT_TRUE(cost);
        if (cost) charged += cost->energy.base();
        return true;
      });
      if (open.empty() || uniform(random) < 0.1)
        open.push_back({share.begin(now), now + 0.05 + 4 * uniform(random) * uniform(random)});
      work = 20 + 300 * std::abs(std::sin(now / 30)) + 20 * uniform(random);
      if (now >= told + 1 + late) {
        share.take(told, told + 1, part(work));
        drawn += work;
        told += 1;
      }
    }
    const auto state = share.state(400);
    EXPECT_NEAR(charged, state.charged, 1e-6);
    // Of the last seconds some is not told yet and some is under way.
    EXPECT_NEAR(charged + state.owed, drawn, 4 * 350) << "seed " << seed;
    EXPECT_NEAR(charged / drawn, 1, 0.02) << "seed " << seed;
  }
}

TEST(AgentShare, WhenTheAgentFallsSilentNothingIsCharged) {
  AgentShare share({});
  teach(share, 100);
  share.lost("connection refused");
  auto t = share.begin(2);
  EXPECT_TRUE(share.end(t, 3)) << "one question that failed is no silence";
  t = share.begin(9);
  EXPECT_FALSE(share.end(t, 10));
  EXPECT_FALSE(share.state(10).known);
  EXPECT_EQ(share.state(10).trouble, "connection refused");
  // It is there again, and tells of all the time between.
  share.take(1, 20, part(100));
  t = share.begin(20);
  EXPECT_TRUE(share.end(t, 20.5));
  EXPECT_EQ(share.state(20.5).trouble, "");
}

TEST(AgentShare, AGapIsNotCharged) {
  AgentShare share({});
  teach(share, 100);
  const auto t = share.begin(1), u = share.begin(1);
  share.take(1, 2, part(100));
  share.take(2, 4, unknown());
  EXPECT_FALSE(share.end(t, 4));
  EXPECT_EQ(share.state(4).trouble, "not read");
  for (int i = 4; i < 40; ++i) share.take(i, i + 1, part(100));
  const auto cost = share.end(u, 40);
  ASSERT_TRUE(cost) << "two of its 39 seconds are not known";
  EXPECT_NEAR(cost->energy.base(), 37 * 100 + 2 * 75, 160);
}

TEST(AgentShare, ARestartedAgentLeavesAGap) {
  AgentShare share({});
  teach(share, 100);
  const auto t = share.begin(1);
  share.take(31, 32, part(100));
  EXPECT_FALSE(share.end(t, 32));
  const auto u = share.begin(32);
  const auto cost = share.end(u, 33);
  ASSERT_TRUE(cost);
  EXPECT_NEAR(cost->energy.base(), 100, 1) << "the seconds of the gap are not its own";
}

TEST(AgentShare, WhatEndsWithinAMomentCountsInItsOwnInterval) {
  AgentShare share({});
  teach(share, 100);
  auto t = share.begin(1.3);
  share.end(t, 1.305);
  share.take(1, 2, part(0.5));
  EXPECT_NEAR(share.state(2).owed, 0, 0.01) << "0.5 J in 5 ms is the rate it was charged at";
  share.take(2, 3, part(70));
  EXPECT_NEAR(share.state(3).elsewhere, 70, 1e-9) << "nothing was under way";
}

TEST(AgentShare, ARequestThatCameToNothingBearsNothing) {
  AgentShare share({});
  teach(share, 100);
  const auto good = share.begin(1), lost = share.begin(1);
  share.drop(lost, 5);
  share.take(1, 6, part(500));
  EXPECT_NEAR(share.end(good, 6)->energy.base(), 500, 1);
  EXPECT_NEAR(share.state(6).charged, 500 + 100, 101) << "of which up to 100 J are the first one's";
}

TEST(AgentShare, WhatIsOwedToNobodyIsForgiven) {
  AgentShare share({});
  teach(share, 100);
  auto t = share.begin(1);
  share.end(t, 2);
  share.take(1, 2, part(1000));
  EXPECT_NEAR(share.state(2).owed, 900, 1);
  for (int i = 2; i < 80; ++i) share.take(i, i + 1, part(0));
  EXPECT_NEAR(share.state(80).owed, 0, 1e-9);
  EXPECT_NEAR(share.state(80).unsettled, 900, 1);
}

TEST(AgentShare, NoForecastIsLessThanHalfOrMoreThanTwiceTheRecentRate) {
  AgentShare share({});
  teach(share, 100);
  auto t = share.begin(1);
  share.end(t, 1.01);
  share.take(1, 2, part(1e5));  // in a hundredth of a second of requests
  const double rate = 2 * 1e5;
  t = share.begin(2);
  const auto cost = share.end(t, 2.1);
  ASSERT_TRUE(cost);
  EXPECT_LE(cost->energy.base(), 2 * rate);
  EXPECT_GT(cost->sd.base(), 0.5 * cost->energy.base()) << "the rates it was forecast from are far apart";
}

TEST(AgentShare, AnIntervalWithoutLengthIsOfTheNext) {
  AgentShare share({});
  const auto t = share.begin(0);
  share.take(0, 1, part(100));
  share.take(1, 1, part(50));  // clocks that were compared badly
  share.take(1, 2, part(100));
  EXPECT_NEAR(share.end(t, 2)->energy.base(), 250, 1e-6);
}

}  // namespace
}  // namespace wattline::serve
