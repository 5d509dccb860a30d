// One run for all who ask the same at the same time, seen from outside.
#include "serve/cache_fixture.h"

namespace wattline::serve::tests {
namespace {

struct Gate {
  std::atomic<bool> open{false};
  void wait() {
    for (int i = 0; i < 4000 && !open; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
};

TEST(SingleFlightHttp, OneRunAnswersAllWhoAskTheSame) {
  Gate gate;
  FakeUpstream up([&](const FakeUpstream::Request&, Connection& c) {
    gate.wait();
    return c.send(reply(whole));
  });
  CacheGateway g(up.port());
  g.start();
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(std::make_unique<Client>(g.port()));
    clients.back()->post("/v1/chat/completions", ask);
  }
  ASSERT_TRUE(wait_until([&] { return g.followers() == 5; }));
  EXPECT_THAT(g.get("/metrics").body, HasSubstr("wattline_shared_followers 5\n"));
  gate.open = true;
  int led = 0;
  for (auto& c : clients) {
    const auto r = c->read();
    EXPECT_EQ(r.status, 200) << r.body;
    const Json account = parse_json(r.body).at("usage").at("wattline");
    led += r.header("x-wattline-cache") == "miss" ? 1 : 0;
    if (r.header("x-wattline-cache") == "miss") continue;
    EXPECT_EQ(r.header("x-wattline-cache"), "hit");
    EXPECT_EQ(account.at("cache").as_string(), "single_flight");
    EXPECT_EQ(account.at("energy").at("value").as_number(), 0);
    EXPECT_GT(account.at("saved").at("energy").at("value").as_number(), 0);
  }
  EXPECT_EQ(led, 1);
  EXPECT_EQ(up.requests(), 1);
  EXPECT_EQ(g.use(ask), "hit");
  EXPECT_THAT(g.get("/metrics").body, HasSubstr("result=\"single_flight\"} 5\n"));
  g.stop();
  EXPECT_EQ(g.sink->facts().size(), 7u);
  int spent = 0;
  for (const auto& f : g.sink->facts()) spent += f.energy.value().base() > 0 ? 1 : 0;
  EXPECT_EQ(spent, 1);
}

TEST(SingleFlightHttp, AStreamFlowsToAllAsItComes) {
  Gate gate;
  FakeUpstream up([&](const FakeUpstream::Request&, Connection& c) {
    c.send(stream_head);
    c.send(chunk(delta("Hel")));
    gate.wait();
    for (const auto& e : {delta("lo"), finish_event(), usage_event, done_event}) c.send(chunk(e));
    return c.send("0\r\n\r\n");
  });
  CacheGateway g(up.port());
  g.start();
  Client leader(g.port()), follower(g.port()), asks_usage(g.port());
  leader.post("/v1/chat/completions", ask_stream);
  ASSERT_TRUE(leader.wait_for("Hel"));
  follower.post("/v1/chat/completions", ask_stream);
  asks_usage.post("/v1/chat/completions", ask_stream_usage);
  EXPECT_TRUE(follower.wait_for("Hel"));  // while the run goes on
  EXPECT_TRUE(asks_usage.wait_for("Hel"));
  gate.open = true;
  const std::string words = delta("Hel") + delta("lo") + finish_event();
  EXPECT_EQ(leader.read().body, words + done_event);
  const auto r = follower.read();
  EXPECT_EQ(r.body, words + done_event);
  EXPECT_TRUE(r.whole);
  EXPECT_EQ(r.header("x-wattline-cache"), "hit");
  const auto u = asks_usage.read();
  EXPECT_TRUE(u.body.starts_with(words));
  EXPECT_THAT(u.body, HasSubstr("\"cache\":\"single_flight\""));
  EXPECT_EQ(up.requests(), 1);
}

TEST(SingleFlightHttp, TheRunGoesOnWhenItsLeaderLeaves) {
  for (auto body : {ask, ask_stream}) {
    Gate gate;
    FakeUpstream up([&](const FakeUpstream::Request& r, Connection& c) {
      gate.wait();
      return r.body.find("\"stream\":true") == std::string::npos
                 ? c.send(reply(whole))
                 : streams({delta("Hello."), finish_event(), usage_event, done_event})(r, c);
    });
    CacheGateway g(up.port());
    g.start();
    auto leader = std::make_unique<Client>(g.port());
    leader->post("/v1/chat/completions", body);
    ASSERT_TRUE(wait_until([&] { return up.requests() == 1; }));
    Client follower(g.port());
    follower.post("/v1/chat/completions", body);
    ASSERT_TRUE(wait_until([&] { return g.followers() == 1; }));
    leader->connection().reset();
    std::this_thread::sleep_for(std::chrono::milliseconds(700));  // a few sweeps: it is seen to have left
    gate.open = true;
    const auto r = follower.read();
    EXPECT_EQ(r.status, 200);
    EXPECT_THAT(r.body, HasSubstr("Hello."));
    EXPECT_EQ(up.requests(), 1);
    g.stop();
    ASSERT_EQ(g.sink->facts().size(), 2u);
    int spent = 0;
    for (const auto& f : g.sink->facts()) {
      spent += f.energy.value().base() > 0 ? 1 : 0;
      EXPECT_THAT(f.labels,
                  ::testing::Contains(std::pair<std::string, std::string>("status", "ok")));  // nothing was wasted
    }
    EXPECT_EQ(spent, 1);
  }
}

TEST(SingleFlightHttp, WhenAllHaveLeftTheUpstreamIsLeftToo) {
  std::atomic<bool> left{false};
  FakeUpstream up([&](const FakeUpstream::Request&, Connection& c) {
    left = c.closed_within(15'000);
    return false;
  });
  CacheGateway g(up.port());
  g.start();
  auto leader = std::make_unique<Client>(g.port()), follower = std::make_unique<Client>(g.port());
  leader->post("/v1/chat/completions", ask);
  ASSERT_TRUE(wait_until([&] { return up.requests() == 1; }));
  follower->post("/v1/chat/completions", ask);
  ASSERT_TRUE(wait_until([&] { return g.followers() == 1; }));
  leader->connection().close();
  std::this_thread::sleep_for(std::chrono::milliseconds(700));
  EXPECT_FALSE(left);
  follower->connection().close();
  EXPECT_TRUE(wait_until([&] { return left.load(); }));
  EXPECT_TRUE(wait_until([&] { return g.gateway->cache()->flights.flights() == 0; }));
  ASSERT_TRUE(g.answer(2));
  for (const auto& a : g.gateway->recorder().answers().latest(2)) EXPECT_EQ(a->status, AnswerStatus::cancelled);
}

TEST(SingleFlightHttp, AfterAFailureOneTriesAgainAndThenAllAreTold) {
  std::atomic<int> bad{1};
  Gate gate;
  FakeUpstream up([&](const FakeUpstream::Request&, Connection& c) {
    gate.wait();
    return c.send(bad-- > 0 ? reply(R"({"error":{"message":"not today"}})", "400 Bad Request") : reply(whole));
  });
  CacheGateway g(up.port());
  g.start();
  const auto ask_by = [&](int n) {
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < n; ++i) {
      clients.push_back(std::make_unique<Client>(g.port()));
      clients.back()->post("/v1/chat/completions", ask);
    }
    EXPECT_TRUE(wait_until([&] { return g.followers() == static_cast<std::size_t>(n) - 1; }));
    gate.open = true;
    std::map<int, int> by_status;
    for (auto& c : clients) ++by_status[c->read().status];
    return by_status;
  };
  const auto once = ask_by(5);
  EXPECT_EQ(once.at(400), 1);
  EXPECT_EQ(once.at(200), 4);
  EXPECT_EQ(up.requests(), 2);
  gate.open = false;
  g.gateway->cache()->store.clear();
  bad = 100;
  const auto twice = ask_by(5);
  EXPECT_EQ(twice.at(400), 5);
  EXPECT_EQ(up.requests(), 4);
  EXPECT_EQ(g.followers(), 0u);
}

TEST(SingleFlightHttp, AStreamThatBreaksBreaksForAllWhoHadABeginning) {
  Gate gate;
  FakeUpstream up([&](const FakeUpstream::Request&, Connection& c) {
    c.send(stream_head);
    c.send(chunk(delta("Hel")));
    gate.wait();
    return false;
  });
  CacheGateway g(up.port());
  g.start();
  Client leader(g.port()), follower(g.port());
  leader.post("/v1/chat/completions", ask_stream);
  ASSERT_TRUE(leader.wait_for("Hel"));
  follower.post("/v1/chat/completions", ask_stream);
  ASSERT_TRUE(follower.wait_for("Hel"));
  gate.open = true;
  for (auto* c : {&leader, &follower}) {
    const auto r = c->read();
    EXPECT_TRUE(r.body.starts_with(delta("Hel"))) << r.body;
    EXPECT_THAT(r.body, HasSubstr("\"error\""));
    EXPECT_THAT(r.body, Not(HasSubstr("[DONE]")));
  }
  EXPECT_EQ(up.requests(), 1);
  EXPECT_EQ(g.gateway->cache()->store.totals().entries, 0u);
}

TEST(SingleFlightHttp, StoppingEndsALeaderAndItsFollowers) {
  FakeUpstream up([](const FakeUpstream::Request&, Connection& c) {
    c.closed_within(20'000);
    return false;
  });
  CacheGateway g(up.port());
  g.config.limits.drain = Duration(0.2);
  g.start();
  Client leader(g.port()), follower(g.port());
  leader.post("/v1/chat/completions", ask);
  ASSERT_TRUE(wait_until([&] { return up.requests() == 1; }));
  follower.post("/v1/chat/completions", ask);
  ASSERT_TRUE(wait_until([&] { return g.followers() == 1; }));
  g.stop();
  EXPECT_EQ(leader.read().status, 0);
  EXPECT_EQ(g.gateway->cache()->flights.flights(), 0u);
  EXPECT_EQ(g.sink->facts().size(), 2u);
}

TEST(SingleFlightHttp, CanBeTurnedOff) {
  Gate gate;
  FakeUpstream up([&](const FakeUpstream::Request&, Connection& c) {
    gate.wait();
    return c.send(reply(whole));
  });
  CacheGateway g(up.port());
  g.config.cache.single_flight = false;
  g.start();
  Client a(g.port()), b(g.port());
  a.post("/v1/chat/completions", ask);
  b.post("/v1/chat/completions", ask);
  EXPECT_TRUE(wait_until([&] { return up.requests() == 2; }));
  gate.open = true;
  EXPECT_EQ(a.read().header("x-wattline-cache"), "miss");
  EXPECT_EQ(b.read().header("x-wattline-cache"), "miss");
}

}  // namespace
}  // namespace wattline::serve::tests
