// Keys, limits, budgets and queues through real sockets, and what nobody may see.
#include <fstream>
#include <latch>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/testing.h"
#include "serve/api_key.h"
#include "serve/gateway_fixture.h"

namespace wattline::serve::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string completion =
    R"({"id":"c","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":11,"completion_tokens":5,"total_tokens":16}})";
const std::string question =
    R"({"model":"llama-3.1-8b","max_tokens":10,"messages":[{"role":"user","content":"12345678"}]})";

std::string reply(std::string_view body) {
  return fmt::format("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{}", body.size(),
                     body);
}
std::string bearer(std::string_view key) { return fmt::format("authorization: Bearer {}\r\n", key); }

// Two tenants with a key each before one upstream.
class Governed : public ::testing::Test {
 protected:
  Governed() : up([this](const FakeUpstream::Request&, Connection& c) { return hold(c); }) {
    g.add_upstream(up.port());
    for (const char* name : {"lab", "shop"}) {
      TenantConfig t;
      t.name = name;
      tenants().push_back(t);
      KeyConfig k;
      k.id = std::string(name) + "-key";
      k.tenant = name;
      k.digest = sha256(std::string("wl_") + name);
      g.config.governance.keys.push_back(k);
    }
    g.parts.log = [this](std::string_view line) {
      std::lock_guard lock(log_mutex);
      log.append(line) += '\n';
    };
  }
  std::vector<TenantConfig>& tenants() { return g.config.governance.tenants; }
  bool hold(Connection& c) {
    asked.fetch_add(1);
    while (held) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return c.send(reply(completion));
  }
  Response ask(std::string_view key, std::string_view body = question, std::string_view path = "/v1/chat/completions") {
    Client c(g.port());
    c.post(path, body, key.empty() ? "" : bearer(key));
    return c.read();
  }
  Response see(std::string_view path, std::string_view key) { return g.get(path, key.empty() ? "" : bearer(key)); }
  template <class F>
  static bool soon(F&& f) {
    for (int i = 0; i < 5000 && !f(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    return f();
  }

  std::atomic<bool> held{false};
  std::atomic<int> asked{0};
  std::mutex log_mutex;
  std::string log;
  FakeUpstream up;
  TestGateway g;
};

TEST_F(Governed, KeysAreNeededAndNamedInTheLedger) {
  g.start();
  EXPECT_EQ(ask("").status, 401);
  EXPECT_EQ(ask("wl_wrong").status, 401);
  EXPECT_EQ(ask("wl_lab").status, 200);
  Client anthropic(g.port());
  anthropic.post("/v1/chat/completions", question, "x-api-key: wl_shop\r\n");
  EXPECT_EQ(anthropic.read().status, 200);
  for (const char* open : {"/healthz", "/readyz"}) EXPECT_EQ(see(open, "").status, 200);
  for (const char* closed :
       {"/v1/models", "/metrics", "/api/v1/answers", "/api/v1/usage", "/api/v1/line", "/api/v1/events"})
    EXPECT_EQ(see(closed, "").status, 401) << closed;
  g.stop();
  const auto facts = g.sink->facts();
  ASSERT_EQ(facts.size(), 2u);
  EXPECT_THAT(facts[0].labels, testing::Contains(std::pair<std::string, std::string>("tenant", "lab")));
  EXPECT_THAT(facts[0].labels, testing::Contains(std::pair<std::string, std::string>("key", "lab-key")));
  EXPECT_THAT(facts[1].labels, testing::Contains(std::pair<std::string, std::string>("tenant", "shop")));
  EXPECT_EQ(asked, 2);
}

TEST_F(Governed, ATenantSeesItsOwnAndNothingElse) {
  g.start();
  const auto lab = ask("wl_lab");
  const auto shop = ask("wl_shop");
  const auto shops_id = shop.header("x-wattline-answer-id");
  ASSERT_FALSE(shops_id.empty());
  EXPECT_EQ(see("/api/v1/answers/" + shops_id, "wl_shop").status, 200);
  EXPECT_EQ(see("/api/v1/answers/" + shops_id, "wl_lab").status, 404);
  for (const char* path :
       {"/api/v1/usage", "/api/v1/answers", "/api/v1/answers?limit=1", "/api/v1/status", "/v1/models"}) {
    const auto r = see(path, "wl_lab");
    EXPECT_EQ(r.status, 200) << path;
    EXPECT_THAT(r.body, Not(HasSubstr("shop"))) << path;
    EXPECT_THAT(r.body, Not(HasSubstr(shops_id))) << path;
  }
  EXPECT_THAT(see("/api/v1/answers?limit=1", "wl_lab").body, HasSubstr(lab.header("x-wattline-answer-id")));
  for (const char* path : {"/metrics", "/api/v1/line", "/api/v1/ledger/report", "/api/v1/jobs", "/api"})
    EXPECT_EQ(see(path, "wl_lab").status, 403) << path;
  const Json usage = parse_json(see("/api/v1/usage", "wl_lab").body);
  EXPECT_EQ(usage.at("tenant").as_string(), "lab");
  EXPECT_EQ(usage.at("usage").at("hour").at("answers").as_integer(), 1);
  EXPECT_EQ(usage.at("usage").at("total").at("tokens_in").as_integer(), 11);
}

TEST_F(Governed, EventsAreThoseOfTheTenant) {
  g.start();
  Client c(g.port());
  c.get("/api/v1/events", bearer("wl_lab"));
  ASSERT_TRUE(c.wait_for(": wattline"));
  const auto shops = ask("wl_shop").header("x-wattline-answer-id"), labs = ask("wl_lab").header("x-wattline-answer-id");
  EXPECT_TRUE(c.wait_for(labs));
  EXPECT_FALSE(c.wait_for(shops, 500));
}

TEST_F(Governed, WhoSeesAllDoes) {
  tenants()[0].sees_all = true;
  g.start();
  ask("wl_shop");
  EXPECT_THAT(see("/metrics", "wl_lab").body, HasSubstr("wattline_tenant_admitted_total{tenant=\"shop\"} 1"));
  EXPECT_EQ(see("/api/v1/line", "wl_lab").status, 200);
  EXPECT_THAT(see("/api/v1/answers", "wl_lab").body, HasSubstr("\"tenant\":\"shop\""));
}

TEST_F(Governed, ModelsOfOthersAreNotThere) {
  tenants()[0].models = {"other-*"};
  g.config.governance.keys[1].models = {"llama-*"};
  g.start();
  const auto r = ask("wl_lab");
  EXPECT_EQ(r.status, 404);
  EXPECT_THAT(r.body, HasSubstr("model_not_found"));
  EXPECT_THAT(ask("wl_lab", R"({"model":"llama-3.1-8","messages":[{"role":"user","content":"x"}]})").body,
              Not(HasSubstr("llama-3.1-8b")));
  EXPECT_THAT(see("/v1/models", "wl_lab").body, Not(HasSubstr("llama")));
  EXPECT_EQ(see("/v1/models/llama-3.1-8b", "wl_lab").status, 404);
  EXPECT_THAT(see("/v1/models", "wl_shop").body, testing::AllOf(HasSubstr("llama"), Not(HasSubstr("babbler"))));
  EXPECT_EQ(ask("wl_shop").status, 200);
  EXPECT_EQ(asked, 1);
}

TEST_F(Governed, RatesAreToldInHeadersAndRefuseWith429) {
  tenants()[0].requests_per_minute = 2;
  tenants()[0].tokens_per_minute = 1000;
  g.start();
  const auto first = ask("wl_lab");
  EXPECT_EQ(first.header("x-ratelimit-limit-requests"), "2");
  EXPECT_EQ(first.header("x-ratelimit-remaining-requests"), "1");
  EXPECT_EQ(first.header("x-ratelimit-limit-tokens"), "1000");
  EXPECT_EQ(first.header("x-ratelimit-remaining-tokens"), "984");  // 2 of text, 4 of the message, 10 of max_tokens
  EXPECT_EQ(first.header("x-ratelimit-reset-requests"), "30s");
  EXPECT_EQ(ask("wl_lab").status, 200);
  const auto refused = ask("wl_lab");
  EXPECT_EQ(refused.status, 429);
  EXPECT_THAT(refused.body, HasSubstr("rate_limit_exceeded"));
  EXPECT_FALSE(refused.header("retry-after").empty());
  EXPECT_EQ(refused.header("x-ratelimit-remaining-requests"), "0");
  EXPECT_EQ(ask("wl_shop").status, 200);
  EXPECT_TRUE(ask("wl_shop").header("x-ratelimit-limit-requests").empty());
  EXPECT_EQ(asked, 4);
  // In the words of the client's own API.
  const auto messages =
      ask("wl_lab", R"({"model":"llama-3.1-8b","max_tokens":10,"messages":[{"role":"user","content":"x"}]})",
          "/v1/messages");
  EXPECT_EQ(messages.status, 429);
  EXPECT_THAT(messages.body, HasSubstr("\"type\":\"error\""));
}

TEST_F(Governed, AnEndpointOfAnotherDialectIsGovernedToo) {
  g.start();
  EXPECT_EQ(
      ask("", R"({"model":"llama-3.1-8b","max_tokens":10,"messages":[{"role":"user","content":"x"}]})", "/v1/messages")
          .status,
      401);
  EXPECT_EQ(ask("wl_lab", R"({"model":"llama-3.1-8b","max_tokens":10,"messages":[{"role":"user","content":"x"}]})",
                "/v1/messages")
                .status,
            200);
  EXPECT_EQ(parse_json(see("/api/v1/usage", "wl_lab").body).at("usage").at("hour").at("answers").as_integer(), 1);
}

TEST_F(Governed, ABudgetRunsOut) {
  tenants()[0].budgets = {{Resource::tokens, Window::month, 40, 0.5}};
  g.start();
  EXPECT_TRUE(ask("wl_lab").header("x-wattline-prefer").empty());
  ask("wl_lab");
  const auto warned = ask("wl_lab");
  EXPECT_EQ(warned.status, 200);
  EXPECT_EQ(warned.header("x-wattline-prefer"), "cheaper");
  EXPECT_THAT(warned.header("x-wattline-budget"), HasSubstr("tokens;per=month;used=32;limit=40;unit=token;reset="));
  const auto refused = ask("wl_lab");
  EXPECT_EQ(refused.status, 429);
  EXPECT_THAT(refused.body,
              testing::AllOf(HasSubstr("insufficient_quota"), HasSubstr("48 tokens of 40 tokens in this month")));
  EXPECT_EQ(refused.header("x-should-retry"), "false");
  EXPECT_EQ(asked, 3);
}

TEST_F(Governed, WhoWaitsGetsItsTurnOrIsTold) {
  QueueConfig q;
  q.models = {"llama-*"};
  q.concurrent = 1;
  q.waiting = 1;
  g.config.governance.queues = {q};
  g.start();
  held = true;
  Client first(g.port()), second(g.port());
  first.post("/v1/chat/completions", question, bearer("wl_lab"));
  ASSERT_TRUE(soon([&] { return asked == 1; }));
  second.post("/v1/chat/completions", question, bearer("wl_lab"));
  ASSERT_TRUE(soon([&] {
    std::string m;
    g.gateway->governor()->append_metrics(m);
    return m.find("wattline_queue_waiting{queue=\"llama-*\"} 1") != std::string::npos;
  }));
  const auto third = ask("wl_lab");
  EXPECT_EQ(third.status, 429);
  EXPECT_THAT(third.body, HasSubstr("queue_full"));
  EXPECT_FALSE(third.header("retry-after").empty());
  EXPECT_EQ(asked, 1);
  held = false;
  EXPECT_EQ(first.read().status, 200);
  EXPECT_EQ(second.read().status, 200);
  EXPECT_EQ(asked, 2);
}

TEST_F(Governed, WhoWaitsTooLongIsTold) {
  tenants()[0].concurrent = 1;
  g.config.governance.longest_wait = Duration(0.05);
  g.start();
  held = true;
  Client first(g.port());
  first.post("/v1/chat/completions", question, bearer("wl_lab"));
  ASSERT_TRUE(soon([&] { return asked == 1; }));
  const auto second = ask("wl_lab");
  EXPECT_EQ(second.status, 429);
  EXPECT_THAT(second.body, HasSubstr("queue_timeout"));
  held = false;
  EXPECT_EQ(first.read().status, 200);
}

TEST_F(Governed, WhoLeavesWhileItWaitsLeavesNothingBehind) {
  tenants()[0].concurrent = 1;
  g.start();
  held = true;
  Client first(g.port());
  first.post("/v1/chat/completions", question, bearer("wl_lab"));
  ASSERT_TRUE(soon([&] { return asked == 1; }));
  const auto waiting = [&] {
    std::string m;
    g.gateway->governor()->append_metrics(m);
    return m.find("wattline_queue_waiting{queue=\"other models\"} 1") != std::string::npos;
  };
  {
    Client second(g.port());
    second.post("/v1/chat/completions", question, bearer("wl_lab"));
    ASSERT_TRUE(soon(waiting));
  }
  EXPECT_TRUE(soon([&] { return !waiting(); }));
  held = false;
  EXPECT_EQ(first.read().status, 200);
  EXPECT_EQ(ask("wl_lab").status, 200);
  EXPECT_EQ(asked, 2);
}

TEST_F(Governed, AGatewayStopsWithRequestsThatWait) {
  tenants()[0].concurrent = 1;
  g.config.limits.drain = Duration(0.2);
  g.start();
  held = true;
  Client first(g.port()), second(g.port());
  first.post("/v1/chat/completions", question, bearer("wl_lab"));
  ASSERT_TRUE(soon([&] { return asked == 1; }));
  second.post("/v1/chat/completions", question, bearer("wl_lab"));
  g.stop();
  held = false;
}

TEST_F(Governed, TheServersKeyStillOpensEverything) {
  tenants().clear();
  g.config.governance.keys.clear();
  g.config.server.api_key = Secret("s3cret");
  g.start();
  EXPECT_EQ(ask("").status, 401);
  EXPECT_EQ(ask("s3cret").status, 200);
  for (const char* path : {"/metrics", "/api/v1/line", "/api/v1/answers", "/api/v1/usage", "/v1/models"})
    EXPECT_EQ(see(path, "s3cret").status, 200) << path;
  g.stop();
  EXPECT_THAT(g.sink->facts()[0].labels, testing::Contains(std::pair<std::string, std::string>("tenant", "default")));
}

TEST_F(Governed, AdministratorsHaveADoorOfTheirOwn) {
  const ::wattline::tests::ScratchDir dir;
  auto& config = g.config.governance;
  config.audit_log = (dir.path() / "audit.jsonl").string();
  config.keys_file = (dir.path() / "keys.toml").string();
  config.admin.listen = ListenAddress{"127.0.0.1", 0};
  config.admin.api_key = Secret("adm1n");
  g.start();
  const auto admin = [&](std::string_view method, std::string_view path, std::string_view body = "",
                         std::string_view key = "adm1n") {
    Client c(g.server->admin_address().port);
    c.send(fmt::format("{} {} HTTP/1.1\r\nhost: localhost\r\n{}content-length: {}\r\n\r\n{}", method, path, bearer(key),
                       body.size(), body));
    return c.read();
  };
  EXPECT_EQ(see("/admin/v1/keys", "adm1n").status, 404);  // not at the clients' door, whatever the key
  EXPECT_EQ(see("/v1/models", "adm1n").status, 401);
  EXPECT_EQ(admin("GET", "/v1/models").status, 404);
  EXPECT_EQ(admin("GET", "/admin/v1/keys", "", "wl_lab").status, 401);
  const auto made = admin("POST", "/admin/v1/keys", R"({"tenant":"lab","id":"phone"})");
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string key = parse_json(made.body).at("key").as_string();
  Client kept(g.port());
  kept.post("/v1/chat/completions", question, bearer(key));
  EXPECT_EQ(kept.read().status, 200);
  EXPECT_EQ(admin("DELETE", "/admin/v1/keys/phone").status, 200);
  kept.post("/v1/chat/completions", question, bearer(key));  // at once, on a connection that is open
  EXPECT_EQ(kept.read().status, 401);
  EXPECT_EQ(admin("PUT", "/admin/v1/tenants/shop", R"({"requests_per_minute":1})").status, 200);
  EXPECT_EQ(ask("wl_shop").status, 200);
  EXPECT_EQ(ask("wl_shop").status, 429);
  EXPECT_EQ(admin("POST", "/admin/v1/upstreams/up0/drain").status, 200);
  EXPECT_EQ(ask("wl_lab").status, 503);
  EXPECT_EQ(admin("DELETE", "/admin/v1/upstreams/up0/drain").status, 200);
  EXPECT_EQ(ask("wl_lab").status, 200);
  // Of another site's page and by another name.
  Client c(g.server->admin_address().port);
  c.send("GET /admin/v1/keys HTTP/1.1\r\nhost: evil.example\r\nauthorization: Bearer adm1n\r\n\r\n");
  EXPECT_EQ(c.read().status, 403);

  // No secret is in anything that is said, kept or logged.
  ask("wl_wr0ng");
  std::string all = see("/api/v1/usage", "wl_lab").body + see("/api/v1/answers", "wl_lab").body + ask("wl_wr0ng").body +
                    ask(key).body;
  g.gateway->governor()->append_metrics(all);
  all += admin("GET", "/admin/v1/keys").body + admin("GET", "/admin/v1/usage").body +
         admin("GET", "/admin/v1/tenants").body;
  g.stop();
  for (const auto& path : {config.audit_log, config.keys_file}) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    all += text.str();
  }
  all += log;
  for (const auto& f : g.sink->facts())
    for (const auto& [name, value] : f.labels) all += value + "\n";
  for (const std::string& secret :
       {key, std::string("adm1n"), std::string("wl_lab"), std::string("wl_shop"), std::string("wl_wr0ng")})
    EXPECT_THAT(all, Not(HasSubstr(secret))) << secret;
  std::stringstream audit;
  audit << std::ifstream(config.audit_log).rdbuf();
  EXPECT_EQ(check_audit(audit.str()).first_fault, "");
  for (const char* action :
       {"key.create", "key.revoke", "tenant.set", "upstream.drain", "upstream.undrain", "key.refused"})
    EXPECT_THAT(audit.str(), HasSubstr(action));
}

TEST_F(Governed, QueuesNeedNoKeys) {
  tenants().clear();
  g.config.governance.keys.clear();
  QueueConfig q;
  q.concurrent = 2;
  g.config.governance.queues = {q};
  g.start();
  EXPECT_EQ(ask("").status, 200);
  EXPECT_EQ(see("/metrics", "").status, 200);
  EXPECT_THAT(see("/metrics", "").body, HasSubstr("wattline_queue_under_way{queue=\"*\"} 0"));
  g.stop();
  EXPECT_EQ(g.sink->facts()[0].labels.size(), 3u);
}

}  // namespace
}  // namespace wattline::serve::tests
