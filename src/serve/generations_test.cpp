// Configurations that change while the gateway serves.
#include "serve/generations.h"

#include <atomic>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/json.h"
#include "serve/gateway_fixture.h"

namespace wattline::serve::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view ask = R"({"model":"babbler","messages":[{"role":"user","content":"Hi"}],"max_tokens":4})";

// A gateway whose configuration is what `config` holds when it is read.
struct Reloadable {
  TestGateway base;  // its configuration and parts; it is not started
  std::mutex mutex;
  std::string log;
  std::unique_ptr<Generations> generations;

  Reloadable() {
    base.parts.log = [this](std::string_view text) {
      std::lock_guard lock(mutex);
      log.append(text) += '\n';
    };
  }
  void start() {
    generations = std::make_unique<Generations>([this] { return base.config; }, base.parts);
    generations->start();
  }
  Response get(std::string_view path, std::string_view headers = "") {
    Client c(generations->served().address.port);
    c.get(path, headers);
    return c.read();
  }
  Response chat(std::string_view body, std::string_view headers = "") {
    Client c(generations->served().address.port);
    c.post("/v1/chat/completions", body, headers);
    return c.read();
  }
};

TEST(Generations, AnotherConfigurationIsTakenAndTheBooksGoOn) {
  FakeUpstream up([](const FakeUpstream::Request&, Connection& c) {
    c.send(reply(
        R"({"choices":[{"message":{"content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1}})"));
    return true;
  });
  Reloadable g;
  g.start();
  EXPECT_EQ(g.chat(ask).status, 200);
  EXPECT_EQ(g.chat(R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}]})").status, 404);
  const std::string first = g.generations->version();
  g.base.add_upstream(up.port());
  EXPECT_FALSE(g.generations->reload());
  EXPECT_NE(g.generations->version(), first);
  EXPECT_EQ(g.chat(R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}]})").status, 200);
  EXPECT_EQ(g.chat(ask).status, 200);
  const auto metrics = g.get("/metrics").body;
  EXPECT_THAT(metrics, HasSubstr(R"(wattline_answers_total{model="babbler",upstream="builtin",status="ok"} 2)"));
  EXPECT_THAT(metrics, HasSubstr("wattline_configuration_reloads_total{result=\"taken\"} 1"));
  EXPECT_THAT(g.get("/api/v1/status").body, HasSubstr(g.generations->version()));
  EXPECT_EQ(parse_json(g.get("/api/v1/answers").body).at("answers").as_array().size(), 3u);
  EXPECT_EQ(g.base.sink->facts().size(), 3u);
  EXPECT_THAT(g.log, HasSubstr("was taken (configuration 2-"));
}

TEST(Generations, WhatCannotBeTakenWholeChangesNothing) {
  Reloadable g;
  g.start();
  const std::string version = g.generations->version();
  const auto refused = [&](auto&& change, std::string_view words) {
    const Config before = g.base.config;
    change(g.base.config);
    const auto error = g.generations->reload();
    ASSERT_TRUE(error) << words;
    EXPECT_THAT(error->what(), HasSubstr(std::string(words)));
    g.base.config = before;
    EXPECT_EQ(g.generations->version(), version);
    EXPECT_EQ(g.chat(ask).status, 200);
  };
  refused([](Config& c) { c.builtin.models = {"no-such"}; }, "no-such");
  refused([](Config& c) { c.server.listen.port = 9; }, "server.listen");
  refused([](Config& c) { c.server.ledger = false; }, "server.ledger");
  refused([](Config& c) { c.builtin.enabled = false; }, "nothing is served");
  refused([](Config& c) { c.server.place = "nowhere"; }, "nowhere");
  refused([](Config& c) { c.server.api_key = Secret("k"); }, "server.api_key_env");
  EXPECT_THAT(g.get("/metrics").body, HasSubstr("wattline_configuration_last_reload_successful 0"));
  EXPECT_THAT(g.log, HasSubstr("the one before stays"));
  EXPECT_FALSE(g.generations->reload());
  EXPECT_THAT(g.get("/metrics").body, HasSubstr("wattline_configuration_last_reload_successful 1"));
}

TEST(Generations, AStreamThatIsUnderWayGoesOnToItsEnd) {
  std::atomic<bool> go_on{false};
  FakeUpstream up([&](const FakeUpstream::Request&, Connection& c) {
    c.send(std::string(stream_head) + chunk("data: {\"choices\":[{\"delta\":{\"content\":\"one\"}}]}\n\n"));
    for (int i = 0; i < 2000 && !go_on; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    c.send(
        chunk(
            "data: {\"choices\":[{\"delta\":{\"content\":\"two\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n") +
        "0\r\n\r\n");
    return true;
  });
  Reloadable g;
  g.base.add_upstream(up.port());
  g.start();
  Client c(g.generations->served().address.port);
  c.post("/v1/chat/completions",
         R"({"model":"llama-3.1-8b","stream":true,"messages":[{"role":"user","content":"Hi"}]})");
  ASSERT_TRUE(c.wait_for("one"));
  g.base.config.upstreams.clear();
  ASSERT_FALSE(g.generations->reload());
  EXPECT_EQ(g.chat(R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}]})").status, 404);
  go_on = true;
  const auto r = c.read();
  EXPECT_TRUE(r.whole);
  EXPECT_THAT(r.body, HasSubstr("two"));
  EXPECT_THAT(r.body, HasSubstr("[DONE]"));
  g.generations->stop();
  EXPECT_EQ(g.base.sink->facts().size(), 1u);
}

TEST(Generations, AReloadThatIsAskedForWhileItStopsIsRefusedAtOnce) {
  std::atomic<bool> go_on{false};
  FakeUpstream up([&](const FakeUpstream::Request&, Connection& c) {
    c.send(std::string(stream_head) + chunk("data: {\"choices\":[{\"delta\":{\"content\":\"one\"}}]}\n\n"));
    for (int i = 0; i < 2000 && !go_on; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    c.send(chunk("data: [DONE]\n\n") + "0\r\n\r\n");
    return true;
  });
  Reloadable g;
  g.base.add_upstream(up.port());
  g.start();
  Client c(g.generations->served().address.port);
  c.post("/v1/chat/completions",
         R"({"model":"llama-3.1-8b","stream":true,"messages":[{"role":"user","content":"Hi"}]})");
  ASSERT_TRUE(c.wait_for("one"));
  Gateway& gateway = g.generations->gateway();
  std::jthread stopping([&] { g.generations->stop(); });
  while (!gateway.draining) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  // An administrator's request is one of those that the stop waits for, so this must not wait for the stop.
  const auto error = g.generations->reload();
  go_on = true;
  ASSERT_TRUE(error);
  EXPECT_THAT(error->what(), HasSubstr("being stopped"));
  const auto r = c.read();
  EXPECT_TRUE(r.whole);
  EXPECT_THAT(r.body, HasSubstr("[DONE]"));
  stopping.join();
  EXPECT_TRUE(g.generations->reload());
}

TEST(Generations, NoNewConnectionIsRefusedWhileTheyChange) {
  Reloadable g;
  g.start();
  std::atomic<bool> enough{false};
  std::atomic<int> good{0}, bad{0};
  std::vector<std::jthread> clients;
  for (int i = 0; i < 3; ++i)
    clients.emplace_back([&] {
      while (!enough) (g.chat(ask).status == 200 ? good : bad)++;
    });
  for (int i = 0; i < 8; ++i) {
    ASSERT_FALSE(g.generations->reload());
    const int before = good;
    for (int k = 0; k < 1000 && good < before + 3; ++k) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  enough = true;
  clients.clear();
  EXPECT_GT(good, 8);
  EXPECT_EQ(bad, 0);
  EXPECT_EQ(static_cast<int>(g.base.sink->facts().size()), good);
}

TEST(Generations, KeysOfTheNewConfigurationAreInForceAndOldOnesAreNot) {
  Reloadable g;
  const auto key = [](std::string id, std::string_view text) {
    KeyConfig k;
    k.id = std::move(id);
    k.tenant = "lab";
    k.digest = sha256(text);
    return k;
  };
  TenantConfig lab;
  lab.name = "lab";
  lab.requests_per_minute = 1000;
  auto& governance = g.base.config.governance;
  governance.tenants = {lab};
  governance.keys = {key("a", "first"), key("b", "second")};
  g.start();
  EXPECT_EQ(g.chat(ask, "authorization: Bearer first\r\n").status, 200);
  governance.keys = {key("b", "second"), key("c", "third")};
  ASSERT_FALSE(g.generations->reload());
  EXPECT_EQ(g.chat(ask, "authorization: Bearer first\r\n").status, 401);
  EXPECT_EQ(g.chat(ask, "authorization: Bearer second\r\n").status, 200);
  EXPECT_EQ(g.chat(ask, "authorization: Bearer third\r\n").status, 200);
  // What the tenant used before is still used.
  EXPECT_THAT(g.get("/api/v1/usage", "authorization: Bearer third\r\n").body, HasSubstr("\"answers\":3"));
  governance.keys.clear();
  governance.tenants.clear();
  const auto error = g.generations->reload();
  ASSERT_TRUE(error);
  EXPECT_THAT(error->what(), HasSubstr("whether keys are asked for"));
}

}  // namespace
}  // namespace wattline::serve::tests
