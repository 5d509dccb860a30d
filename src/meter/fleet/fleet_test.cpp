// Agents read from afar: their lists, their snapshots and what these add up to.
#include <atomic>
#include <fstream>

#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "kernel/account.h"
#include "kernel/command_testing.h"
#include "kernel/error.h"
#include "kernel/http_testing.h"
#include "kernel/testing.h"
#include "meter/agent/fixture.h"
#include "meter/agent/snapshot_json.h"
#include "meter/fleet/agents_command.h"
#include "meter/fleet/pull.h"

namespace wattline::meter {
namespace {

using wattline::tests::HttpServer;
using wattline::tests::message_of;

// A pull of the machine that never was, so many seconds after its beginning; our clock and the agent's agree.
PulledSnapshot at(Publisher& p, double seconds, double ahead_s = 0) {
  PulledSnapshot out;
  out.told = *p.publish(tests::snapshot_at(seconds), {}, Duration(1));
  out.asked = out.told.seen.now + Duration(-ahead_s);
  out.answered = out.asked + Duration(0.01);
  out.agent_clock = out.asked + Duration(0.005 + ahead_s);
  return out;
}

TEST(AgentTally, IsTheDifferenceOfSnapshots) {
  Publisher p({}, "node7", "run1");
  AgentTally t;
  t.take(at(p, 100));
  EXPECT_EQ(t.seen().energy.value().base(), 0);
  EXPECT_FALSE(t.seen().power) << "of one snapshot no power is known";
  t.take(at(p, 110));
  const auto seen = t.seen();
  EXPECT_NEAR(seen.energy.value().base(), 440, 1e-6) << "packages and memory; psys contains them";
  EXPECT_NEAR(seen.idle.value().base(), 200, 1e-6);
  EXPECT_NEAR(seen.power->base(), 44, 1e-6);
  EXPECT_NEAR(seen.covered.base(), 10, 1e-6);
  EXPECT_NEAR(seen.missing.base(), 0, 1e-6);
}

TEST(AgentTally, ALostAgentIsAGapUntilItAnswersAgain) {
  Publisher p({}, "node7", "run1");
  AgentTally t;
  t.take(at(p, 0));
  t.take(at(p, 10));
  t.lost("no answer");
  EXPECT_FALSE(t.seen().power);
  EXPECT_NEAR(t.seen().energy.value().base(), 440, 1e-6);
  t.take(at(p, 100));
  EXPECT_NEAR(t.seen().energy.value().base(), 4400, 1e-6) << "its counters went on";
  EXPECT_NEAR(t.seen().missing.base(), 0, 1e-6);
  EXPECT_TRUE(t.trouble().empty());
}

TEST(AgentTally, ARestartIsAGapAndNeverANegativeDifference) {
  Publisher p({}, "node7", "run1"), q({}, "node7", "run2");
  AgentTally t;
  t.take(at(p, 0));
  t.take(at(p, 1000));
  PulledSnapshot fresh = at(q, 10);
  fresh.told.seen.started = fresh.told.seen.started + Duration(1060);
  fresh.told.seen.now = fresh.told.seen.now + Duration(1060);
  fresh.asked = fresh.answered = fresh.told.seen.now;
  fresh.agent_clock = fresh.asked;
  t.take(fresh);
  const auto seen = t.seen();
  EXPECT_EQ(seen.restarts, 1u);
  EXPECT_NEAR(seen.energy.value().base(), 44000 + 440, 1e-3);
  EXPECT_NEAR(seen.covered.base(), 1010, 1e-6);
  EXPECT_NEAR(seen.missing.base(), 60, 1e-6);
  EXPECT_NEAR(seen.power->base(), 44, 1e-6);
}

TEST(AgentTally, ClocksThatDifferAreSeenAndPutRight) {
  Publisher p({}, "node7", "run1");
  AgentTally t;
  t.take(at(p, 0, 120));
  ASSERT_TRUE(t.clock_ahead());
  EXPECT_NEAR(t.clock_ahead()->base(), 120, 1e-6);
  EXPECT_NEAR(t.clock_uncertainty().base(), 0.005, 1e-6);
  EXPECT_EQ(t.seen().begin.ns / 1'000'000'000, (tests::snapshot_at(0).now.ns / 1'000'000'000) - 120);
}

TEST(AgentTally, TheSameTwiceAddsNothingAndManyPartsAreNoSurerThanOne) {
  Publisher p({}, "node7", "run1"), q({}, "node7", "run1");
  AgentTally parts, whole;
  parts.take(at(p, 0));
  for (int i = 1; i <= 100; ++i) {
    const auto s = at(p, i);
    parts.take(s);
    parts.take(s);
  }
  whole.take(at(q, 0));
  whole.take(at(q, 100));
  EXPECT_NEAR(parts.seen().energy.value().base(), 4400, 1e-6);
  EXPECT_NEAR(parts.seen().energy.sd().base(), whole.seen().energy.sd().base(), 1e-6 * 4400);
}

// Two agents behind one address answer by turns: whoever was heard first is followed, and nothing is added twice.
TEST(AgentTally, TwoBehindOneAddressAreATroubleAndNoRestarts) {
  Publisher p({}, "node7", "run1"), q({}, "node8", "run2");
  AgentTally t;
  t.take(at(p, 1000));
  t.take(at(q, 1005));  // its run began when the other's did
  EXPECT_NE(t.trouble().find("another agent"), std::string::npos) << t.trouble();
  EXPECT_NE(t.trouble().find("node8"), std::string::npos);
  EXPECT_FALSE(t.seen().power);
  EXPECT_EQ(t.seen().energy.value().base(), 0);
  t.take(at(p, 1010));
  EXPECT_TRUE(t.trouble().empty());
  t.take(at(q, 1015, 3));
  t.take(at(p, 1020));
  EXPECT_NEAR(t.seen().energy.value().base(), 44 * 20, 1e-6);
  EXPECT_EQ(t.seen().restarts, 0u);
  EXPECT_EQ(t.last()->host, "node7");
  EXPECT_NEAR(t.clock_ahead()->base(), 0, 1e-6) << "the other's clock is not this one's";
}

TEST(AgentTally, ARestartOnAClockThatIsAheadIsStillARestart) {
  Publisher p({}, "node7", "run1"), q({}, "node7", "run2");
  AgentTally t;
  t.take(at(p, 1000));
  // Set back by an hour meanwhile: by its own clock it began before it was last heard.
  PulledSnapshot fresh = at(q, 10, -3600);
  const Duration moved = t.last()->seen.now + Duration(20 - 3600) - fresh.told.seen.started;
  for (Time* time : {&fresh.told.seen.started, &fresh.told.seen.now, &fresh.asked, &fresh.answered})
    *time = *time + moved;
  fresh.agent_clock = *fresh.agent_clock + moved;
  t.take(fresh);
  EXPECT_TRUE(t.trouble().empty()) << t.trouble();
  EXPECT_EQ(t.seen().restarts, 1u);
  EXPECT_NEAR(t.seen().energy.value().base(), 440, 1e-6);
  EXPECT_NEAR(t.seen().missing.base(), 20, 0.1);
}

TEST(AgentTally, OneThatTellsNothingNewIsKnownForAWhileAndThenNot) {
  Publisher p({}, "node7", "run1");
  AgentTally t;
  t.take(at(p, 0));
  t.take(at(p, 10));
  auto again = at(p, 20);
  t.take(again);
  EXPECT_NEAR(t.seen().age->base(), 0, 0.1);
  const auto later = [&](double seconds) {
    PulledSnapshot s = again;
    s.asked = s.asked + Duration(seconds);
    s.answered = s.answered + Duration(seconds);
    s.agent_clock = *s.agent_clock + Duration(seconds);
    t.take(s);
  };
  later(15);
  EXPECT_NEAR(t.seen().power->base(), 44, 1e-6) << "one publication is late, or was asked for too early";
  later(60);
  EXPECT_FALSE(t.seen().power);
  EXPECT_NE(t.trouble().find("nothing new for 1 min"), std::string::npos) << t.trouble();
  EXPECT_NEAR(t.seen().age->base(), 60, 0.1);
  t.take(at(p, 90));
  EXPECT_NEAR(t.seen().power->base(), 44, 1e-6);
  EXPECT_NEAR(t.seen().energy.value().base(), 44 * 90, 1e-6) << "its counters went on";
}

TEST(AgentTally, OneThatPublishesRarelyIsNotLateAtOnce) {
  Publisher p({.resolution = Duration(60)}, "node7", "run1");
  AgentTally t;
  PulledSnapshot first = at(p, 1);
  const auto later = [&](double seconds) {
    PulledSnapshot s = first;
    s.asked = s.asked + Duration(seconds);
    s.answered = s.answered + Duration(seconds);
    s.agent_clock = *s.agent_clock + Duration(seconds);
    t.take(s);
    return t.trouble();
  };
  EXPECT_EQ(later(50), "") << "of a first snapshot only the agent can say how often it tells";
  EXPECT_EQ(later(130), "");
  EXPECT_NE(later(190), "");
}

TEST(AgentList, ReadsAgentsAndRefusesFaultsByLine) {
  const auto list = parse_agents(
      "[[agent]]\nurl = \"https://node7:9460/\"\ntimeout = \"2 s\"\n[[agent]]\nname = \"b\"\n"
      "url = \"http://10.0.0.1:9460\"\n",
      "agents.toml");
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].name, "node7:9460");
  EXPECT_EQ(list[0].url, "https://node7:9460");
  EXPECT_EQ(list[0].timeout.base(), 2);
  const auto fault = [](const char* text) { return message_of([&] { parse_agents(text, "agents.toml"); }); };
  EXPECT_NE(fault("").find("no agent"), std::string::npos);
  EXPECT_NE(fault("[[agents]]\nurl = \"http://a\"\n").find("agent"), std::string::npos);
  EXPECT_NE(fault("[[agent]]\nurl = \"http://a\"\n\n[[agent]]\nulr = \"x\"\n").find("agents.toml:4"),
            std::string::npos);
  EXPECT_NE(fault("[[agent]]\nurl = \"node7:9460\"\n").find("url"), std::string::npos);
  EXPECT_NE(fault("[[agent]]\nurl = \"http://user@node7\"\n"), "no error");
  EXPECT_NE(fault("[[agent]]\nurl = \"http://a\"\n[[agent]]\nurl = \"http://a\"\n").find("two"), std::string::npos);
  EXPECT_NE(fault("[[agent]]\nurl = \"http://a\"\ntimeout = 1000\n").find("timeout"), std::string::npos);
}

TEST(AgentList, AKeyIsNeverSentInTheClearToAnotherMachine) {
  ::setenv("WATTLINE_TEST_FLEET_KEY", "0123456789abcdef", 1);
  const std::string far = "[[agent]]\nurl = \"http://10.0.0.1:1\"\nkey-env = \"WATTLINE_TEST_FLEET_KEY\"\n";
  const auto text = message_of([&] { parse_agents(far, "agents.toml"); });
  EXPECT_NE(text.find("https"), std::string::npos);
  EXPECT_EQ(text.find("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(parse_agents("[[agent]]\nurl = \"http://127.0.0.1:1\"\nkey-env = \"WATTLINE_TEST_FLEET_KEY\"\n", "a")[0]
                .key.reveal(),
            "0123456789abcdef");
  ::unsetenv("WATTLINE_TEST_FLEET_KEY");
}

std::string snapshot(double seconds, const std::string& instance = "run1") {
  Publisher p({}, "node7", instance);
  return snapshot_json(*p.publish(tests::snapshot_at(seconds), {}, Duration(1)));
}

TEST(Pull, SendsItsKeyAndReadsTheClock) {
  HttpServer agent([](const HttpServer::Request&, wattline::tests::Connection& c) {
    const std::string body = snapshot(10);
    return c.send("HTTP/1.1 200 OK\r\nwattline-clock: 1790000000000000000\r\ncontent-length: " +
                  std::to_string(body.size()) + "\r\n\r\n" + body);
  });
  AgentPlace place{"a", agent.url(), Secret("k-0123456789"), "", Duration(10)};
  const auto p = pull(place);
  EXPECT_EQ(p.told.host, "node7");
  EXPECT_EQ(p.agent_clock->ns, 1'790'000'000'000'000'000);
  EXPECT_EQ(wattline::tests::header_value(agent.seen()[0].head, "authorization"), "Bearer k-0123456789");
}

TEST(Pull, RefusalsAndNonsenseAreErrorsWithoutTheKey) {
  // The server may still be about the answer before when the next question is asked.
  const std::string answers[] = {wattline::tests::reply("no", "401 Unauthorized"), wattline::tests::reply("<html>"),
                                 wattline::tests::reply("gone", "500 Oops")};
  std::atomic<std::size_t> which{0};
  HttpServer agent([&](const HttpServer::Request&, wattline::tests::Connection& c) { return c.send(answers[which]); });
  AgentPlace place{"a", agent.url(), Secret("k-0123456789"), "", Duration(10)};
  const auto fault = [&] {
    const auto text = message_of([&] { pull(place); });
    EXPECT_EQ(text.find("k-0123456789"), std::string::npos);
    return text;
  };
  EXPECT_NE(fault().find("keys-file"), std::string::npos);
  which = 1;
  EXPECT_NE(fault(), "no error");
  which = 2;
  EXPECT_NE(fault().find("500"), std::string::npos);
}

struct Kept : AccountSink {
  std::string record(const Fact& f) override { return record_all(std::span(&f, 1)), f.uid; }
  void record_all(std::span<const Fact> more) override { facts.insert(facts.end(), more.begin(), more.end()); }
  std::vector<Fact> facts;
};

TEST(AgentsCommand, OneThatIsLostIsUnknownAndTheOthersCount) {
  std::atomic<int> asked{0};
  HttpServer agent([&](const HttpServer::Request&, wattline::tests::Connection& c) {
    // Two publications of one run, told apart by their number.
    Publisher p({}, "node7", "run1");
    auto told = p.publish(tests::snapshot_at(10), {}, Duration(1));
    if (asked++ > 0) told = p.publish(tests::snapshot_at(20), {}, Duration(1));
    return c.send(wattline::tests::reply(snapshot_json(*told)));
  });
  wattline::tests::ScratchDir dir;
  const auto file = (dir.path() / "agents.toml").string();
  std::ofstream(file) << "[[agent]]\nname = \"here\"\nurl = \"" << agent.url()
                      << "\"\n[[agent]]\nname = \"gone\"\nurl = \"http://127.0.0.1:9\"\ntimeout = 5\n";
  Context context;
  context.provide(catalog::Catalog::load());
  const auto kept = std::make_shared<Kept>();
  context.provide<AccountSink>(kept);
  const Result r = wattline::tests::run_command(agents_capability(), {file, "--over", "0.05 s", "--record"}, context);
  EXPECT_FALSE(r.verdict->holds);
  const std::string text = to_text(r, 300);
  EXPECT_NE(text.find("1 of 2 agents answer"), std::string::npos) << text;
  EXPECT_NE(text.find("unknown, not 0"), std::string::npos);
  EXPECT_NE(text.find("44 W at the end, of 1 of 2 agents"), std::string::npos) << text;
  const Table& t = *r.find_table("fleet.agents.v1");
  EXPECT_NEAR(t.column("energy").numbers()[0], 440, 1e-6);
  EXPECT_TRUE(std::isnan(t.column("energy").numbers()[1]));
  EXPECT_TRUE(std::isnan(t.column("power").numbers()[1]));
  ASSERT_EQ(kept->facts.size(), 2u);
  EXPECT_EQ(kept->facts[0].kind, "machine");
}

TEST(AgentsCommand, OneThatToldNothingNewHasNoPowerAndNoEnergy) {
  const std::string body = snapshot(10);
  HttpServer agent(
      [&](const HttpServer::Request&, wattline::tests::Connection& c) { return c.send(wattline::tests::reply(body)); });
  wattline::tests::ScratchDir dir;
  const auto file = (dir.path() / "agents.toml").string();
  std::ofstream(file) << "[[agent]]\nname = \"here\"\nurl = \"" << agent.url() << "\"\n";
  Context context;
  context.provide(catalog::Catalog::load());
  const auto kept = std::make_shared<Kept>();
  context.provide<AccountSink>(kept);
  const Result r = wattline::tests::run_command(agents_capability(), {file, "--over", "0.05 s", "--record"}, context);
  const std::string text = to_text(r, 300);
  EXPECT_EQ(text.find("0 W"), std::string::npos) << text;
  EXPECT_EQ(text.find("0 J"), std::string::npos) << text;
  EXPECT_NE(text.find("not known, and are not 0"), std::string::npos) << text;
  const Table& t = *r.find_table("fleet.agents.v1");
  EXPECT_TRUE(std::isnan(t.column("energy").numbers()[0]));
  EXPECT_TRUE(std::isnan(t.column("power").numbers()[0]));
  EXPECT_TRUE(kept->facts.empty());
}

}  // namespace
}  // namespace wattline::meter
