// The agent whole, on a machine that never was, asked over its own door.
#include "meter/agent/agent.h"

#include <atomic>
#include <future>
#include <mutex>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/fetch.h"
#include "kernel/json.h"
#include "meter/agent/fixture.h"
#include "meter/agent/snapshot_json.h"
#include "meter/agent/startup_pages.h"

namespace wattline::meter {
namespace {

// Each tick is a second of the machine that never was.
struct Machine {
  std::atomic<int> ticks{0};
  std::atomic<double> interval{0};  // s, as it was changed to
  Watch watch() {
    return {[this] { ++ticks; }, [this] { return tests::snapshot_at(ticks); },
            [](Duration) { return Estimate<Energy>::exact(Energy(1)); }, [this](Duration d) { interval = d.base(); }};
  }
};

struct Running {
  explicit Running(AgentSettings settings, AgentParts parts = {}) {
    std::promise<DoorAddress> ready;
    parts.ready = [&](const DoorAddress& a) { ready.set_value(a); };
    if (!parts.log)
      parts.log = [this](std::string_view text) {
        std::lock_guard lock(mutex);
        log += std::string(text) + "\n";
      };
    ended = std::async(std::launch::async, [this, settings, parts] {
      return run_agent(settings, machine.watch(), parts, stop.get_token());
    });
    url = "http://" + ready.get_future().get().text();
  }
  PublishedPtr end() {
    stop.request_stop();
    return ended.get();
  }
  FetchResponse get(const std::string& path, HttpHeaders headers = {}) {
    FetchRequest r;
    r.url = url + path;
    r.headers = std::move(headers);
    return fetch(r);
  }
  std::string logged() {
    std::lock_guard lock(mutex);
    return log;
  }
  Machine machine;
  std::stop_source stop;
  std::future<PublishedPtr> ended;
  std::string url, log;
  std::mutex mutex;
};

AgentSettings quick() {
  AgentSettings s;
  s.door.address.port = 0;
  s.interval = Duration(0.02);
  s.resolution = Duration(0.04);
  s.host = "node7";
  return s;
}

TEST(Agent, TellsAllItsFormsAndItsHealth) {
  Running r(quick());
  EXPECT_EQ(r.get("/healthz").status, 200);
  const auto metrics = r.get("/metrics");
  EXPECT_EQ(metrics.status, 200);
  EXPECT_EQ(metrics.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_NE(metrics.body.find("wattline_node_energy_joules_total"), std::string::npos);
  const auto open = r.get("/metrics", {{"accept", "application/openmetrics-text; version=1.0.0"}});
  EXPECT_TRUE(open.body.ends_with("# EOF\n"));
  EXPECT_EQ(parse_snapshot(r.get("/api/v1/snapshot").body).host, "node7");
  EXPECT_EQ(r.get("/").status, 404);
  const auto last = r.end();
  EXPECT_EQ(last->seen.ticks, static_cast<std::uint64_t>(r.machine.ticks) + 1);
}

TEST(Agent, GoesOnReadingWhoeverAsksOrDoesNot) {
  Running r(quick());
  const auto first = parse_snapshot(r.get("/api/v1/snapshot").body);
  std::uint64_t version = first.version;
  while (version < first.version + 3) version = parse_snapshot(r.get("/api/v1/snapshot").body).version;
  EXPECT_GE(r.machine.ticks, 3);
  r.end();
}

TEST(Agent, RightsAreGivenUpAfterTheFirstReadingAndBeforeAnybodyIsAnswered) {
  AgentParts parts;
  Machine machine;
  std::stop_source stop;
  std::vector<std::string> order;
  parts.give_up_rights = [&] { order.push_back(machine.ticks == 1 ? "rights" : "rights too late or early"); };
  parts.ready = [&](const DoorAddress&) {
    order.push_back("ready");
    stop.request_stop();
  };
  run_agent(quick(), machine.watch(), parts, stop.get_token());
  EXPECT_EQ(order, (std::vector<std::string>{"rights", "ready"}));
}

TEST(Agent, AReloadTakesNewKeysAndAFaultyOneChangesNothing) {
  std::atomic<int> asked{0}, faulty{0};
  AgentParts parts;
  parts.reload = [&] { return asked.exchange(0) != 0; };
  parts.read_settings = [&] {
    if (faulty) throw bad_input("'x' is not known", "agent.toml:3");
    auto s = quick();
    s.door.keys = DoorKeys::parse("0123456789abcdef", "test");
    return s;
  };
  Running r(quick(), parts);
  faulty = 1;
  asked = 1;
  while (r.logged().find("agent.toml:3") == std::string::npos) std::this_thread::yield();
  EXPECT_EQ(r.get("/metrics").status, 200);
  faulty = 0;
  asked = 1;
  while (r.logged().find("read again") == std::string::npos) std::this_thread::yield();
  EXPECT_EQ(r.get("/metrics").status, 401);
  EXPECT_EQ(r.get("/metrics", {{"authorization", "Bearer 0123456789abcdef"}}).status, 200);
  r.end();
}

TEST(Agent, AReloadChangesTheRhythmAtOnceAndWhatIsBuiltOnIt) {
  std::atomic<int> asked{0};
  auto settings = quick();
  settings.interval = settings.resolution = Duration(3600);
  AgentParts parts;
  parts.reload = [&] { return asked.exchange(0) != 0; };
  parts.read_settings = [&] { return quick(); };
  Running r(settings, parts);
  asked = 1;
  while (parse_snapshot(r.get("/api/v1/snapshot").body).version < 3) std::this_thread::yield();
  EXPECT_EQ(r.machine.interval, 0.02);
  r.end();
}

TEST(Shelf, HowOldIsTooOldCanBeChanged) {
  Shelf s(Duration(-1));
  Publisher p({}, "h", "i");
  s.put(p.publish(tests::snapshot_at(1), {}, Duration(1)));
  EXPECT_EQ(s.answer({"/healthz", ""}, {}).status, 503);
  s.change_stale(Duration(1e6));
  EXPECT_EQ(s.answer({"/healthz", ""}, {}).status, 200);
}

struct Kept : AccountSink {
  std::string record(const Fact& f) override { return record_all(std::span(&f, 1)), f.uid; }
  void record_all(std::span<const Fact> more) override { facts.insert(facts.end(), more.begin(), more.end()); }
  std::vector<Fact> facts;
};

TEST(Agent, RowsLeaveNoHoleWhereItIsReloaded) {
  std::atomic<int> asked{0};
  const auto account = std::make_shared<Kept>();
  auto settings = quick();
  settings.outbox.record_interval = Duration(3600);
  AgentParts parts;
  parts.account = account;
  parts.reload = [&] { return asked.exchange(0) != 0; };
  parts.read_settings = [&] { return settings; };
  PublishedPtr last;
  {
    Running r(settings, parts);
    while (parse_snapshot(r.get("/api/v1/snapshot").body).version < 3) std::this_thread::yield();
    asked = 1;
    while (r.logged().find("read again") == std::string::npos) std::this_thread::yield();
    last = r.end();
  }
  ASSERT_EQ(account->facts.size(), 4u) << "of two components, before and after";
  double joules = 0;
  for (const auto& f : account->facts) joules += f.energy.value().base();
  const double seconds = (last->seen.now - account->facts[0].begin).base();
  EXPECT_NEAR(joules, 44 * seconds, 1e-6 * joules);
}

TEST(Agent, OneThatCannotListenReadsNothing) {
  Running r(quick());
  auto s = quick();
  s.door.address = parse_door_address(r.url.substr(7), "");
  Machine other;
  EXPECT_THROW(run_agent(s, other.watch(), {}, {}), Error);
  EXPECT_EQ(other.ticks, 0);
  r.end();
}

TEST(Agent, WhatIsLetGoOfComesBack) {
  const auto before = agent_use({}).resident_bytes;
  let_go_of_startup_pages();
  const auto after = agent_use({}).resident_bytes;
  EXPECT_LT(after, before);
  EXPECT_EQ(std::to_string(after), fmt::format("{}", after));
}

TEST(Agent, KnowsItsOwnMemoryAndTime) {
  const auto use = agent_use({});
  EXPECT_GT(use.resident_bytes, 1'000'000u);
  EXPECT_GT(use.cpu_seconds, 0);
  EXPECT_NE(new_instance(), new_instance());
}

}  // namespace
}  // namespace wattline::meter
