// Pools over real sockets: health checks, queues of engines, draining, hedges, clients that vanish.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/chaos_fixture.h"

namespace wattline::serve::tests {
namespace {

using ::testing::HasSubstr;

TEST(ChaosPool, HealthChecksTakeAMemberOutAndIn) {
  std::atomic<bool> well{true};
  Pair p([&](const FakeUpstream::Request& r, Connection& c) {
    if (r.head.starts_with("GET /health ")) return c.send(well ? reply("ok") : reply("no", "503 Service Unavailable"));
    return serve_well(r, c);
  });
  auto& h = p.g.config.upstreams[0].health;
  h.path = "/health";
  h.interval = Duration(0.01);
  h.healthy_after = h.unhealthy_after = 1;
  p.g.start();
  const auto up = [&] {
    return parse_json(p.g.get("/api/v1/status").body).at("upstreams").as_array().at(0).at("up").as_bool();
  };
  EXPECT_EQ(p.g.chat(hello).header("x-wattline-upstream"), "up0");
  well = false;
  ASSERT_TRUE(comes_true([&] { return !up(); }));
  EXPECT_THAT(p.g.get("/metrics").body, HasSubstr("wattline_upstream_up{upstream=\"up0\"} 0"));
  EXPECT_EQ(p.g.chat(hello).header("x-wattline-upstream"), "up1");
  well = true;
  ASSERT_TRUE(comes_true(up));
  EXPECT_EQ(p.g.chat(hello).header("x-wattline-upstream"), "up0");
}

TEST(ChaosPool, HealthChecksThatHangAreFailures) {
  Pair p([&](const FakeUpstream::Request& r, Connection& c) {
    if (r.head.starts_with("GET /health ")) return !c.closed_within(10'000);
    return serve_well(r, c);
  });
  auto& h = p.g.config.upstreams[0].health;
  h.path = "/health";
  h.interval = h.timeout = Duration(0.01);
  h.unhealthy_after = 2;
  p.g.start();
  EXPECT_TRUE(comes_true([&] { return p.g.chat(hello).header("x-wattline-upstream") == "up1"; }));
}

TEST(ChaosPool, TheQueueThatAnEngineTellsDirectsRequests) {
  const auto engine = [](std::string metrics) {
    return [metrics](const FakeUpstream::Request& r, Connection& c) {
      if (r.head.starts_with("GET /metrics ")) return c.send(reply(metrics, "200 OK", "text/plain"));
      return serve_well(r, c);
    };
  };
  Pair p(engine("vllm:num_requests_running{model_name=\"m\"} 50.0\nvllm:num_requests_waiting{model_name=\"m\"} "
                "9\nvllm:kv_cache_usage_perc 0.75\n"),
         engine("llamacpp:requests_processing 1\nllamacpp:requests_deferred 0\n"));
  for (auto& u : p.g.config.upstreams) {
    u.models[0].tier = 0;
    u.metrics.path = "/metrics";
  }
  p.g.start();
  ASSERT_TRUE(comes_true([&] {
    return p.g.get("/metrics").body.find("wattline_upstream_engine_running{upstream=\"up1\"} 1") != std::string::npos;
  }));
  ASSERT_TRUE(comes_true([&] {
    return p.g.get("/metrics").body.find("wattline_upstream_engine_cache_used{upstream=\"up0\"} 0.75") !=
           std::string::npos;
  }));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(p.g.chat(hello).header("x-wattline-upstream"), "up1");
}

TEST(ChaosPool, AMemberThatIsDrainedGetsNothingNew) {
  Pair p(serve_well);
  p.g.config.upstreams[0].drain = true;
  p.g.start();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(p.g.chat(hello).header("x-wattline-upstream"), "up1");
  EXPECT_EQ(p.bad.requests(), 0);
  p.g.gateway->upstreams()[1]->drained = true;
  const auto r = p.g.chat(hello);
  EXPECT_EQ(r.status, 503);
  EXPECT_THAT(r.body, HasSubstr("drained"));
}

TEST(ChaosPool, ASlowMemberIsHedgedAndTheLoserIsCutOffAndCounted) {
  for (const bool stream : {false, true}) {
    std::atomic<bool> slow{false}, cut{false};
    Pair p([&](const FakeUpstream::Request& r, Connection& c) {
      if (!slow) return serve_well(r, c);
      cut = c.closed_within(10'000);
      return false;
    });
    p.g.config.upstreams[0].first_byte_timeout = Duration(60);
    p.g.config.balance.hedge.enabled = true;
    p.g.config.balance.hedge.at_least = Duration(0.02);
    p.g.start();
    const auto ask = stream ? hello_stream : hello;
    for (int i = 0; i < FirstByteTimes::needed; ++i) EXPECT_EQ(p.g.chat(ask).header("x-wattline-upstream"), "up0");
    slow = true;
    const auto r = p.g.chat(ask);
    EXPECT_EQ(r.status, 200);
    EXPECT_EQ(r.header("x-wattline-upstream"), "up1");
    EXPECT_TRUE(comes_true([&] { return cut.load(); }));
    EXPECT_EQ(p.pool().at("hedges").as_integer(), 1);
    EXPECT_EQ(p.pool().at("hedges_won").as_integer(), 1);
    p.g.stop();
    const auto facts = p.g.sink->facts();
    ASSERT_EQ(facts.size(), FirstByteTimes::needed + 2u);
    int hedged = 0;
    for (const auto& f : facts) {
      if (label(f, "attempt").empty()) continue;
      ++hedged;
      EXPECT_EQ(label(f, "attempt"), "hedged");
      EXPECT_EQ(label(f, "status"), "cancelled");
      EXPECT_EQ(f.uid, r.header("x-wattline-answer-id") + "-1");
      EXPECT_GT(f.energy.value().base(), 0);
    }
    EXPECT_EQ(hedged, 1);
  }
}

TEST(ChaosPool, WhenBothOfAHedgeFailTheClientIsToldOnce) {
  std::atomic<bool> slow{false};
  const auto handler = [&](const FakeUpstream::Request& r, Connection& c) {
    if (!slow) return serve_well(r, c);
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    c.reset();
    return false;
  };
  Pair p(handler, handler);
  p.g.config.upstreams[0].first_byte_timeout = Duration(60);
  p.g.config.balance.hedge.enabled = true;
  p.g.config.balance.hedge.at_least = Duration(0.02);
  p.g.config.balance.retry.most = 0;
  p.g.start();
  for (int i = 0; i < FirstByteTimes::needed; ++i) p.g.chat(hello);
  slow = true;
  EXPECT_EQ(p.g.chat(hello).status, 502);
  p.g.stop();
  const auto facts = p.g.sink->facts();
  ASSERT_EQ(facts.size(), FirstByteTimes::needed + 2u);
  int answers = 0;
  for (const auto& f : facts)
    if (label(f, "status") == "error" && label(f, "attempt").empty()) ++answers;
  EXPECT_EQ(answers, 1);
}

TEST(ChaosPool, AClientThatVanishesEndsTheWorkAndIsStillCounted) {
  for (const bool hedged : {false, true}) {
    std::atomic<bool> slow{false};
    std::atomic<int> cut{0};
    const auto handler = [&](const FakeUpstream::Request& r, Connection& c) {
      if (!slow) return serve_well(r, c);
      if (c.closed_within(10'000)) ++cut;
      return false;
    };
    Pair p(handler, handler);
    p.g.config.upstreams[0].first_byte_timeout = Duration(60);
    p.g.config.balance.hedge.enabled = hedged;
    p.g.config.balance.hedge.at_least = Duration(0.02);
    p.g.start();
    const int before = FirstByteTimes::needed;
    for (int i = 0; i < before; ++i) p.g.chat(hello);
    slow = true;
    {
      Client c(p.g.port());
      c.post("/v1/chat/completions", hello);
      const int all = before + (hedged ? 2 : 1);
      ASSERT_TRUE(comes_true([&] { return p.bad.requests() + p.good.requests() == all; }));
    }
    EXPECT_TRUE(comes_true([&] { return cut == (hedged ? 2 : 1); }));
    p.g.stop();
    const auto facts = p.g.sink->facts();
    ASSERT_EQ(facts.size(), static_cast<std::size_t>(before + (hedged ? 2 : 1)));
    int answers = 0;
    for (const auto& f : facts) {
      if (label(f, "status") != "cancelled") continue;
      if (label(f, "attempt").empty()) ++answers;
      EXPECT_GT(f.energy.value().base(), 0);
    }
    EXPECT_EQ(answers, 1);
  }
}

TEST(ChaosPool, APoolListsItsModelOnceAndSpreadsByWeight) {
  Pair p(serve_well);
  p.g.config.balance.policy = BalancePolicy::weighted;
  p.g.config.upstreams[1].models[0].tier = 0;
  p.g.config.upstreams[1].models[0].weight = 3;
  p.g.config.server.threads = 1;
  p.g.start();
  const Json models = parse_json(p.g.get("/v1/models").body);
  int listed = 0;
  for (const auto& m : models.at("data").as_array()) listed += m.at("id").as_string() == "llama-3.1-8b" ? 1 : 0;
  EXPECT_EQ(listed, 1);
  Client c(p.g.port());
  for (int i = 0; i < 40; ++i) {
    c.post("/v1/chat/completions", hello);
    EXPECT_EQ(c.read().status, 200);
  }
  EXPECT_EQ(p.bad.requests(), 10);
  EXPECT_EQ(p.good.requests(), 30);
}

}  // namespace
}  // namespace wattline::serve::tests
