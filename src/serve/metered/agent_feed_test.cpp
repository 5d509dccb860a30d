#include "serve/metered/agent_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/time.h"

namespace wattline::serve {
namespace {

using ::testing::HasSubstr;

// An agent whose machine draws 100 W, all of it work; its clock is an hour ahead of ours.
struct Machine {
  std::string instance = "a";
  double started = 0, now = 100;  // s by its clock
  std::uint64_t version = 1;
  std::string trouble;  // "" it answers
  double stuck_for = 0.05;  // s since it published

  meter::PulledSnapshot answer() const {
    if (!trouble.empty()) throw Error(ErrorKind::world, trouble, "there");
    meter::PulledSnapshot out;
    out.asked = Time{1'000'000'000'000};
    out.answered = out.asked;
    out.told.host = "gpu-7";
    out.told.instance = instance;
    out.told.version = version;
    auto& s = out.told.seen;
    s.started = Time{static_cast<std::int64_t>(started * 1e9)};
    s.now = Time{static_cast<std::int64_t>(now * 1e9)};
    s.covered = s.now - s.started;
    out.agent_clock = s.now + Duration(stuck_for);
    meter::ComponentSeen c;
    c.info.component = "gpu-0";
    c.info.domain = meter::Domain::gpu;
    c.info.family = "nvml";
    c.energy = Estimate<Energy>::relative(Energy(100 * (now - started)), 0.02, Method::measured, "made up");
    s.components = {c};
    meter::DomainSeen d;
    d.domain = meter::Domain::gpu;
    d.how = "driver";
    s.domains = {d};
    return out;
  }
  void pass(double seconds) {
    now += seconds;
    ++version;
  }
};

struct Fed {
  Machine machine;
  std::vector<std::string> said;
  AgentFeed feed{AgentConfig{.name = "gpu-7", .url = "https://gpu-7:9460"},
                 [this](std::string_view line) { said.emplace_back(line); },
                 [this](const std::function<bool()>&) { return machine.answer(); }};
  std::shared_ptr<AgentShare> share = feed.share({});
  double now() const { return static_cast<double>(monotonic_ns()) * 1e-9; }
  AgentShare::State state() const { return share->state(now()); }
};

TEST(AgentFeed, DifferencesOfPublicationsBecomeIntervals) {
  Fed f;
  EXPECT_TRUE(f.feed.ask_once());
  EXPECT_EQ(f.state().watts, 0) << "of one publication nothing follows";
  const auto t = f.share->begin(f.now() - 5);
  f.machine.pass(4);
  EXPECT_TRUE(f.feed.ask_once());
  EXPECT_GT(f.state().watts, 0);
  EXPECT_LT(f.state().age, 3) << "the agent's clock is not ours";
  EXPECT_EQ(f.feed.state().host, "gpu-7");
  EXPECT_TRUE(f.said.empty());
  (void)t;
}

TEST(AgentFeed, TheSamePublicationIsTakenOnce) {
  Fed f;
  f.feed.ask_once();
  f.machine.pass(4);
  f.feed.ask_once();
  const double before = f.state().elsewhere;
  EXPECT_TRUE(f.feed.ask_once());
  EXPECT_EQ(f.state().elsewhere, before);
  EXPECT_NEAR(before, 400, 1e-6);
}

TEST(AgentFeed, PullsThatFailedCostNothingOnceItAnswersAgain) {
  Fed f;
  f.feed.ask_once();
  f.machine.trouble = "connection refused";
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(f.feed.ask_once());
  EXPECT_FALSE(f.feed.state().answers);
  EXPECT_EQ(f.feed.state().trouble, "connection refused");
  ASSERT_EQ(f.said.size(), 1u) << "said once";
  EXPECT_THAT(f.said[0], HasSubstr("connection refused"));
  f.machine.trouble.clear();
  f.machine.pass(60);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(f.feed.ask_once());
  EXPECT_NEAR(f.state().elsewhere, 6000, 1e-6);
  ASSERT_EQ(f.said.size(), 2u);
  EXPECT_THAT(f.said[1], HasSubstr("answers again"));
}

TEST(AgentFeed, ARestartTellsOfItsOwnTimeAlone) {
  Fed f;
  f.feed.ask_once();
  f.machine.instance = "b";
  f.machine.started = 110;
  f.machine.now = 112;
  f.machine.version = 1;
  EXPECT_TRUE(f.feed.ask_once());
  EXPECT_NEAR(f.state().elsewhere, 200, 1e-6);
}

TEST(AgentFeed, SeveralAgentsBehindOneUrlAreNotAddedUp) {
  Fed f;
  f.feed.ask_once();
  Machine other = f.machine;
  other.instance = "other";
  other.started = 3;
  const Machine own = f.machine;
  f.machine = other;
  EXPECT_FALSE(f.feed.ask_once());
  EXPECT_THAT(f.feed.state().trouble, HasSubstr("several agents"));
  EXPECT_EQ(f.state().elsewhere, 0);
  f.machine = own;
  f.machine.pass(2);
  EXPECT_TRUE(f.feed.ask_once());
  EXPECT_NEAR(f.state().elsewhere, 200, 1e-6);
}

TEST(AgentFeed, TwoAgentsByTurnsAreNeverBelievedToBeOne) {
  Fed f;
  f.feed.ask_once();
  Machine other = f.machine;
  other.instance = "other";
  other.started = 3;
  for (int i = 0; i < 40; ++i) {
    std::swap(f.machine, other);
    f.machine.pass(1);
    EXPECT_EQ(f.feed.ask_once(), f.machine.instance == "a") << i;
  }
}

TEST(AgentFeed, WhatAnUpstreamNeedsAndIsNotToldIsSaidOnce) {
  Fed f;
  const auto share = f.feed.share({{"gpu-9"}, "", "", true});
  f.feed.ask_once();
  for (int i = 0; i < 5; ++i) {
    f.machine.pass(1);
    f.feed.ask_once();
  }
  ASSERT_EQ(f.said.size(), 1u);
  EXPECT_THAT(f.said[0], HasSubstr("gpu-9"));
}

TEST(AgentFeed, OneThatAnswersAndTellsNothingNewIsInTrouble) {
  Fed f;
  f.feed.ask_once();
  f.machine.stuck_for = 60;
  EXPECT_FALSE(f.feed.ask_once());
  EXPECT_THAT(f.feed.state().trouble, HasSubstr("nothing new for 60 s"));
}

TEST(AgentFeed, AMachineWhoseClockWasSetBackIsBelievedInTheEnd) {
  Fed f;
  f.feed.ask_once();
  f.machine.instance = "b";
  f.machine.started = 2;
  f.machine.now = 20;
  int refused = 0;
  while (!f.feed.ask_once() && refused < 100) {
    f.machine.pass(1);
    ++refused;
  }
  EXPECT_LT(refused, 20);
  EXPECT_EQ(f.state().elsewhere, 0);
  f.machine.pass(3);
  EXPECT_TRUE(f.feed.ask_once());
  EXPECT_NEAR(f.state().elsewhere, 300, 1e-6);
}

TEST(AgentFeed, WhoAsksForTheSameSelectionGetsTheSameShare) {
  Fed f;
  EXPECT_EQ(f.feed.share({}), f.share);
  EXPECT_NE(f.feed.share({{"gpu-0"}, "", "", true}), f.share);
}

TEST(AgentFeed, AnotherKeyIsAnotherWayOfAsking) {
  Fed f;
  AgentConfig same{.name = "gpu-7", .url = "https://gpu-7:9460"};
  EXPECT_TRUE(f.feed.is_of(same));
  same.api_key = Secret("k");
  EXPECT_FALSE(f.feed.is_of(same));
}

}  // namespace
}  // namespace wattline::serve
