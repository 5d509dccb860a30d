#include "serve/admin_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/testing.h"
#include "serve/api_key.h"

namespace wattline::serve {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Door_ {
  const ::wattline::tests::ScratchDir dir;
  GovernanceConfig config;
  std::unique_ptr<Governor> governor;
  std::unique_ptr<AdminApi> api;
  std::map<std::string, bool> drained{{"gpu", false}};

  Door_() {
    TenantConfig t;
    t.name = "lab";
    config.tenants = {t};
    config.keys_file = (dir.path() / "keys.toml").string();
    config.audit_log = (dir.path() / "audit.jsonl").string();
    config.admin.listen = ListenAddress{};
    config.admin.api_key = Secret("adm1n");
    governor = std::make_unique<Governor>(config, Secret());
    AdminApi::Hooks hooks;
    hooks.upstreams = [this] {
      std::vector<AdminApi::UpstreamState> out;
      for (const auto& [name, d] : drained) out.push_back({name, 3, d});
      return out;
    };
    hooks.drain = [this](const std::string& name, bool d) {
      drained[name] = d;
      return true;
    };
    api = std::make_unique<AdminApi>(*governor, config.admin, std::move(hooks));
  }
  HttpReply ask(std::string method, std::string path, std::string body = "", std::string key = "Bearer adm1n") {
    HttpRequest r;
    r.method = std::move(method);
    r.path = std::move(path);
    r.body = std::move(body);
    if (const auto q = r.path.find('?'); q != std::string::npos) {
      r.query["tenant"] = r.path.substr(q + 8);
      r.path.resize(q);
    }
    if (!key.empty()) r.headers["authorization"] = key;
    return api->handle(r);
  }
};

TEST(AdminApi, NeedsItsOwnKey) {
  Door_ d;
  EXPECT_EQ(d.ask("GET", "/admin/v1/tenants").status, 200);
  for (const char* key : {"", "Bearer adm1", "Bearer adm1nn", "adm1n", "Basic adm1n", "Bearer "})
    EXPECT_EQ(d.ask("GET", "/admin/v1/tenants", "", key).status, 401) << key;
  EXPECT_EQ(d.ask("POST", "/admin/v1/keys", R"({"tenant":"lab"})", "Bearer wrong").status, 401);
  EXPECT_THAT(d.governor->keys_json(""), Not(HasSubstr("lab")));
  EXPECT_EQ(d.ask("GET", "/healthz", "", "").status, 200);
  // A tenant's key opens nothing here.
  const auto made = d.governor->create_key("lab", "", {}, {});
  EXPECT_EQ(d.ask("GET", "/admin/v1/keys", "", "Bearer " + made.key.reveal()).status, 401);
}

TEST(AdminApi, MakesAndRevokesKeys) {
  Door_ d;
  const auto made = d.ask("POST", "/admin/v1/keys",
                          R"({"tenant":"lab","id":"laptop","models":["glow-*"],"expires":"2027-01-01T00:00:00Z"})");
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string key = parse_json(made.body).at("key").as_string();
  EXPECT_TRUE(parse_json(made.body).at("kept").as_bool());
  EXPECT_TRUE(key.starts_with("wl_"));
  KeyRing::View view;
  EXPECT_TRUE(std::holds_alternative<Access>(d.governor->identify(view, key)));
  const auto listed = d.ask("GET", "/admin/v1/keys?tenant=lab").body;
  EXPECT_THAT(listed, HasSubstr("\"id\":\"laptop\""));
  EXPECT_THAT(listed, Not(HasSubstr(key)));
  EXPECT_EQ(d.ask("GET", "/admin/v1/keys?tenant=nobody").body, "{\"keys\":[]}");
  EXPECT_EQ(d.ask("DELETE", "/admin/v1/keys/laptop").status, 200);
  EXPECT_FALSE(std::holds_alternative<Access>(d.governor->identify(view, key)));
  EXPECT_EQ(d.ask("DELETE", "/admin/v1/keys/nobody").status, 404);
  for (const char* bad : {"", "[]", "{", R"({"tenant":"nobody"})", R"({"tenant":"lab","id":"a b"})",
                          R"({"tenant":"lab","expires":"soon"})", R"({"tenant":7})", R"({"tenant":"lab","nonsense":1})",
                          R"({"tenant":"lab","models":["a b"]})", R"({"tenant":"lab","id":"laptop"})",
                          R"({"tenant":"lab","tenant":"lab"})"}) {
    const auto r = d.ask("POST", "/admin/v1/keys", bad);
    EXPECT_TRUE(r.status == 400 || r.status == 404) << bad << " " << r.status;
  }
}

TEST(AdminApi, SetsLimitsWholeOrNotAtAll) {
  Door_ d;
  const auto set = d.ask(
      "PUT", "/admin/v1/tenants/shop",
      R"({"models":["big"],"requests_per_minute":60,"tokens_per_minute":1e5,"concurrent":3,"weight":2,"budgets":[{"energy":"5 kWh","per":"day","soft":0.5},{"usd":12.5,"per":"total"}]})");
  ASSERT_EQ(set.status, 200) << set.body;
  const auto c = d.governor->find_tenant("shop")->config();
  EXPECT_EQ(c.requests_per_minute, 60);
  EXPECT_EQ(c.concurrent, 3);
  ASSERT_EQ(c.budgets.size(), 2u);
  EXPECT_EQ(c.budgets[0], (BudgetConfig{Resource::energy, Window::day, 1.8e7, 0.5}));
  EXPECT_EQ(c.budgets[1], (BudgetConfig{Resource::money, Window::total, 12.5, 0.8}));
  for (const char* bad :
       {R"({"requests_per_minut":60})", R"({"weight":0})", R"({"weight":-1})", R"({"concurrent":1.5})",
        R"({"concurrent":0})", R"({"sees":"some"})", R"({"budgets":[{}]})", R"({"budgets":[{"energy":1,"usd":1}]})",
        R"({"budgets":[{"energy":"5 kg"}]})", R"({"budgets":[{"energy":-1}]})",
        R"({"budgets":[{"energy":1,"per":"week"}]})", R"({"budgets":[{"energy":1},{"energy":2}]})",
        R"({"requests_per_minute":"many"})", R"({"budgets":[{"energy":1,"soft":2}]})", "null"}) {
    EXPECT_EQ(d.ask("PUT", "/admin/v1/tenants/shop", bad).status, 400) << bad;
    EXPECT_EQ(d.governor->find_tenant("shop")->config().requests_per_minute, 60) << bad;
  }
  EXPECT_EQ(d.ask("PUT", "/admin/v1/tenants/a b", "{}").status, 400);
  EXPECT_THAT(d.ask("GET", "/admin/v1/tenants/shop").body, HasSubstr("\"soft_limit\":9e+06"));
  EXPECT_EQ(d.ask("GET", "/admin/v1/tenants/nobody").status, 404);
  // What the file keeps is what was set.
  std::vector<Error> faults;
  const KeysFile kept = load_keys_file(d.config.keys_file);
  ASSERT_EQ(kept.tenants.size(), 1u);
  EXPECT_EQ(kept.tenants[0].budgets, c.budgets);
}

TEST(AdminApi, ShowsAllUsageAndDrains) {
  Door_ d;
  d.ask("PUT", "/admin/v1/tenants/shop", "{}");
  EXPECT_THAT(d.ask("GET", "/api/v1/usage").body, testing::AllOf(HasSubstr("lab"), HasSubstr("shop")));
  EXPECT_THAT(d.ask("GET", "/admin/v1/usage?tenant=shop").body, Not(HasSubstr("lab")));
  EXPECT_THAT(d.ask("POST", "/admin/v1/upstreams/gpu/drain").body, HasSubstr("\"draining\":true"));
  EXPECT_TRUE(d.drained["gpu"]);
  d.ask("DELETE", "/admin/v1/upstreams/gpu/drain");
  EXPECT_FALSE(d.drained["gpu"]);
  EXPECT_EQ(d.ask("POST", "/admin/v1/upstreams/none/drain").status, 404);
  EXPECT_EQ(d.drained.size(), 1u);
  EXPECT_EQ(d.ask("POST", "/admin/v1/reload").status, 501);
  d.api->on_reload([] { return std::string("version 2"); });
  EXPECT_THAT(d.ask("POST", "/admin/v1/reload").body, HasSubstr("version 2"));
  EXPECT_EQ(d.ask("GET", "/admin/v1/reload").status, 405);
  EXPECT_EQ(d.ask("GET", "/admin").status, 404);
  EXPECT_THAT(d.ask("GET", "/admin/v1/metrics").body, HasSubstr("wattline_key_refusals_total"));
}

}  // namespace
}  // namespace wattline::serve
