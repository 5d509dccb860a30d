// What administrators change and what outlives a start: keys, usage, budgets, another configuration.
#include <sys/stat.h>

#include "serve/governor_fixture.h"

namespace wattline::serve::tests {
namespace {

TEST(Governor, AKeyIsMadeShownOnceAndRevokedAtOnce) {
  const ScratchDir dir;
  World w;
  w.config.keys_file = (dir.path() / "keys.toml").string();
  w.config.audit_log = (dir.path() / "audit.jsonl").string();
  auto& g = w.start();
  const auto made = g.create_key("lab", "phone", {"big"}, parse_time("2027-01-01"));
  EXPECT_TRUE(made.kept);
  KeyRing::View another_thread;
  EXPECT_EQ(code(g.identify(w.view, made.key.reveal())), "in");
  EXPECT_EQ(code(g.identify(another_thread, made.key.reveal())), "in");
  EXPECT_THROW(g.create_key("lab", "phone", {}, {}), Error);
  EXPECT_THROW(g.create_key("nobody", "", {}, {}), Error);
  EXPECT_THROW(g.create_key("lab", "server", {}, {}), Error);
  const auto other = g.create_key("lab", "", {}, {});
  EXPECT_TRUE(g.revoke_key("phone"));
  EXPECT_FALSE(g.revoke_key("phone"));
  EXPECT_EQ(code(g.identify(w.view, made.key.reveal())), "401 invalid_api_key");
  EXPECT_EQ(code(g.identify(another_thread, made.key.reveal())), "401 invalid_api_key");
  EXPECT_THROW(g.revoke_key("phones"), Error);
  g.revoke_key("laptop");  // of the configuration
  auto changed = tenant_config("lab");
  changed.requests_per_minute = 1;
  g.set_tenant(changed);

  // All of it lasts.
  w.governor.reset();
  auto& again = w.start();
  EXPECT_EQ(code(again.identify(w.view, made.key.reveal())), "401 invalid_api_key");
  EXPECT_EQ(code(again.identify(w.view, "wl_lab")), "401 invalid_api_key");
  EXPECT_EQ(code(again.identify(w.view, other.key.reveal())), "in");
  EXPECT_EQ(again.find_tenant("lab")->config().requests_per_minute, 1);

  // And no secret is anywhere.
  std::string metrics;
  again.append_metrics(metrics);
  const auto log = text_of(w.config.audit_log);
  EXPECT_EQ(check_audit(log).first_fault, "");
  for (const auto& text :
       {text_of(w.config.keys_file), log, metrics, again.keys_json(""), again.tenants_json(), again.usage_json()})
    for (const auto& secret : {made.key.reveal(), other.key.reveal(), std::string("wl_lab"), std::string("wl_shop")})
      EXPECT_THAT(text, Not(HasSubstr(secret)));
  for (const auto& text : {log, metrics, again.keys_json(""), again.usage_json()})
    EXPECT_THAT(text, Not(HasSubstr(to_hex(sha256(other.key.reveal())))));
  struct stat s {};
  ASSERT_EQ(::stat(w.config.keys_file.c_str(), &s), 0);
  EXPECT_EQ(s.st_mode & 0777, 0600u);
}

TEST(Governor, WhatCannotBeKeptOrLoggedDoesNotHappen) {
  const ScratchDir dir;
  World w;
  w.config.keys_file = (dir.path() / "folder").string();
  w.start();
  std::filesystem::create_directory(w.config.keys_file);
  EXPECT_THROW(w.governor->create_key("lab", "phone", {}, {}), Error);
  EXPECT_THAT(w.governor->keys_json(""), Not(HasSubstr("phone")));
  auto changed = tenant_config("lab");
  changed.requests_per_minute = 1;
  EXPECT_THROW(w.governor->set_tenant(changed), Error);
  EXPECT_FALSE(w.governor->find_tenant("lab")->config().requests_per_minute);
  EXPECT_THROW(w.governor->revoke_key("laptop"), Error);
  EXPECT_EQ(code(w.governor->identify(w.view, "wl_lab")), "401 invalid_api_key");  // revoked all the same
}

TEST(Governor, UsageIsOfItsTenantAlone) {
  World w;
  auto& g = w.start();
  auto a = w.admit("wl_lab");
  a.ticket.charge(answer_of(7, 11, 13));
  a.ticket.charge(answer_of(1, 0, 0, AnswerStatus::error));
  a.ticket.close();
  const auto lab = g.usage_json(*g.find_tenant("lab")), shop = g.usage_json(*g.find_tenant("shop"));
  EXPECT_THAT(lab, Not(HasSubstr("shop")));
  EXPECT_THAT(shop, Not(HasSubstr("lab")));
  EXPECT_THAT(shop, Not(HasSubstr("laptop")));
  const Json j = parse_json(lab);
  EXPECT_EQ(j.at("usage").at("day").at("energy").at("value").as_number(), 8);
  EXPECT_NEAR(j.at("usage").at("day").at("energy").at("high").as_number(), 8.8, 1e-9);
  EXPECT_EQ(j.at("usage").at("month").at("failed").as_integer(), 1);
  EXPECT_EQ(j.at("usage").at("keys").at("laptop").at("tokens_out").as_integer(), 13);
  EXPECT_EQ(j.at("usage").at("models").at("big").at("tokens_in").as_integer(), 11);
  EXPECT_EQ(parse_json(shop).at("usage").at("total").at("answers").as_integer(), 0);
  EXPECT_THAT(g.usage_json(), HasSubstr("shop"));
}

class Ledger : public UsageSource {
 public:
  struct Row {
    const char *end, *tenant;
    double joules;
    std::int64_t tokens;
  };
  std::vector<Row> rows;
  mutable Time asked;
  void for_each(Time since, const std::function<void(const PastAnswer&)>& f) const override {
    asked = since;
    for (const auto& r : rows) {
      PastAnswer p;
      p.end = parse_time(r.end);
      if (p.end < since) continue;
      p.tenant = r.tenant;
      p.key = "laptop";
      p.model = "big";
      p.tokens_in = r.tokens;
      p.energy = Estimate<Energy>::exact(Energy(r.joules));
      f(p);
    }
  }
};

TEST(Governor, BudgetsGoOnWhereTheyStoodBeforeARestart) {
  World w;
  w.config.tenants[0].budgets = {{Resource::energy, Window::month, 100, 1}, {Resource::tokens, Window::day, 50, 1}};
  Ledger ledger;
  ledger.rows = {{"2026-10-31T23:59:59Z", "lab", 1000, 1000},
                 {"2026-11-01T00:00:00Z", "lab", 60, 10},
                 {"2026-11-25T01:00:00Z", "lab", 30, 20},
                 {"2026-11-25T02:00:00Z", "gone", 500, 5},
                 {"2026-11-25T02:00:00Z", "shop", 7, 5}};
  auto& g = w.start();
  g.restore(ledger, [](const PastAnswer& p, Answer& a) { a.joules = {p.energy.value().base(), 0, 0}; });
  EXPECT_EQ(to_string(ledger.asked), "2026-11-01T00:00:00Z");
  const Json j = parse_json(g.usage_json(*g.find_tenant("lab")));
  EXPECT_EQ(j.at("budgets").as_array()[0].at("used").as_number(), 90);
  EXPECT_EQ(j.at("budgets").as_array()[1].at("used").as_number(), 20);
  EXPECT_EQ(j.at("usage").at("hour").at("answers").as_integer(), 0);
  EXPECT_EQ(j.at("usage").at("keys").at("laptop").at("answers").as_integer(), 2);
  auto a = w.admit("wl_lab", {1, 1.0, 1});
  a.ticket.charge(answer_of(10, 0, 0));
  a.ticket.close();
  EXPECT_EQ(code(w.admit("wl_lab")), "429 insufficient_quota");
  // A budget for all time needs all of the ledger.
  w.config.tenants[1].budgets = {{Resource::energy, Window::total, 5, 1}};
  w.start();
  w.governor->restore(ledger, [](const PastAnswer& p, Answer& x) { x.joules = {p.energy.value().base(), 0, 0}; });
  EXPECT_EQ(ledger.asked.ns, INT64_MIN);
  EXPECT_EQ(code(w.admit("wl_shop")), "429 insufficient_quota");
}

TEST(Governor, OtherLimitsForgetNothing) {
  World w;
  w.config.tenants[0].budgets = {{Resource::energy, Window::month, 100, 1}};
  auto& g = w.start();
  auto a = w.admit("wl_lab");
  a.ticket.charge(answer_of(50, 1, 1));
  a.ticket.close();
  auto t = tenant_config("lab");
  t.budgets = {{Resource::energy, Window::month, 40, 1}};
  g.set_tenant(t);
  EXPECT_EQ(code(w.admit("wl_lab")), "429 insufficient_quota");
  t.budgets = {{Resource::energy, Window::day, 60, 1}};  // a new one counts what was used in its window
  g.set_tenant(t);
  a = w.admit("wl_lab");
  EXPECT_EQ(code(a), "in");
  a.ticket.charge(answer_of(10, 1, 1));
  a.ticket.close();
  EXPECT_EQ(code(w.admit("wl_lab")), "429 insufficient_quota");
}

TEST(Governor, TakesAnotherConfigurationWhileItRuns) {
  World w;
  w.config.tenants[0].budgets = {{Resource::energy, Window::month, 100, 1}};
  auto& g = w.start();
  auto a = w.admit("wl_lab");
  a.ticket.charge(answer_of(50, 1, 1));
  a.ticket.close();
  const auto made = g.create_key("lab", "phone", {}, {});  // by an administrator: stays
  GovernanceConfig next = w.config;
  next.tenants = {tenant_config("lab"), tenant_config("new")};
  next.tenants[0].budgets = {{Resource::energy, Window::month, 50, 1}};
  next.keys = {key_config("laptop", "lab", "wl_lab"), key_config("fresh", "new", "wl_new"),
               key_config("till-2", "new", "wl_shop2")};
  next.keys[0].models = {"small"};
  g.apply(next);
  EXPECT_EQ(code(g.identify(w.view, "wl_shop")), "401 invalid_api_key");
  EXPECT_EQ(access(g.identify(w.view, "wl_new")).tenant->name(), "new");
  EXPECT_EQ(code(g.identify(w.view, made.key.reveal())), "in");
  const auto lab = access(g.identify(w.view, "wl_lab"));
  EXPECT_FALSE(g.may_use(lab, "big"));
  EXPECT_EQ(code(w.admit("wl_lab")), "429 insufficient_quota");
  // And back: the same key under another id.
  next = w.config;
  next.keys[1].id = "till-3";
  g.apply(next);
  EXPECT_EQ(access(g.identify(w.view, "wl_shop")).key->id, "till-3");
  EXPECT_EQ(code(g.identify(w.view, "wl_new")), "401 invalid_api_key");
  EXPECT_EQ(code(w.admit("wl_lab")), "in");
  // Where keys were not asked for, they are not all at once.
  World open;
  open.config = {};
  open.config.queues.emplace_back();
  open.start();
  EXPECT_THROW(open.governor->apply(w.config), Error);
}

}  // namespace
}  // namespace wattline::serve::tests
