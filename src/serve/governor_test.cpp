#include "serve/governor.h"

#include <fstream>
#include <latch>
#include <random>
#include <sstream>
#include <sys/stat.h>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/testing.h"
#include "serve/api_key.h"

namespace wattline::serve {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::wattline::tests::ScratchDir;

TenantConfig tenant_config(std::string name) {
  TenantConfig t;
  t.name = std::move(name);
  return t;
}
KeyConfig key_config(std::string id, std::string tenant, std::string_view key) {
  KeyConfig k;
  k.id = std::move(id);
  k.tenant = std::move(tenant);
  k.digest = sha256(key);
  return k;
}
Answer answer_of(double joules, std::int64_t in, std::int64_t out, AnswerStatus status = AnswerStatus::ok) {
  Answer a;
  a.joules = {joules, joules * 0.9, joules * 1.1};
  a.carbon = {joules, joules, joules};
  a.water = {joules, joules, joules};
  a.tokens_in = in;
  a.tokens_out = out;
  a.status = status;
  return a;
}
const Access& access(const std::variant<Access, ApiError>& v) { return std::get<Access>(v); }
std::string code(const std::variant<Access, ApiError>& v) {
  const auto* e = std::get_if<ApiError>(&v);
  return e ? std::to_string(e->status) + " " + e->code : "in";
}
std::string text_of(const std::string& path) {
  std::stringstream all;
  all << std::ifstream(path, std::ios::binary).rdbuf();
  return all.str();
}

// A governor whose clock stands where it is put.
struct World {
  GovernanceConfig config;
  Time now = parse_time("2026-11-25T12:00:00Z");
  std::int64_t ns = 0;
  std::unique_ptr<Governor> governor;
  GovernedModel* model = nullptr;
  KeyRing::View view;

  World() {
    config.tenants = {tenant_config("lab"), tenant_config("shop")};
    config.keys = {key_config("laptop", "lab", "wl_lab"), key_config("till", "shop", "wl_shop")};
  }
  Governor& start(const Secret& server_key = {}) {
    Governor::Options o;
    o.now = [this] { return now; };
    o.monotonic = [this] { return ns; };
    view = {};
    governor = std::make_unique<Governor>(config, server_key, o);
    model = governor->add_model("big", 1.5);
    return *governor;
  }
  Governor::Admission admit(std::string_view key, TokenEstimate e = {100, 100.0, 1}) {
    return governor->admit(access(governor->identify(view, key)), *model, e);
  }
};
std::string code(const Governor::Admission& a) { return a.refused ? std::to_string(a.refused->status) + " " + a.refused->code : "in"; }

TEST(Governor, TellsWhoAsks) {
  World w;
  w.config.keys.push_back(key_config("old", "lab", "wl_old"));
  w.config.keys.back().revoked = true;
  w.config.keys.push_back(key_config("guest", "lab", "wl_guest"));
  w.config.keys.back().expires = parse_time("2026-11-25T13:00:00Z");
  auto& g = w.start();
  EXPECT_EQ(access(g.identify(w.view, "wl_lab")).tenant->name(), "lab");
  EXPECT_EQ(access(g.identify(w.view, "wl_shop")).key->id, "till");
  EXPECT_EQ(code(g.identify(w.view, "")), "401 api_key_missing");
  for (const char* bad : {"wl_la", "wl_lab ", "WL_LAB", "wl_labx", "\xff"}) EXPECT_EQ(code(g.identify(w.view, bad)), "401 invalid_api_key") << bad;
  EXPECT_EQ(code(g.identify(w.view, std::string(100'000, 'x'))), "401 invalid_api_key");
  EXPECT_EQ(code(g.identify(w.view, "wl_old")), "401 invalid_api_key");
  EXPECT_EQ(code(g.identify(w.view, "wl_guest")), "in");
  w.now = parse_time("2026-11-25T13:00:00Z");
  EXPECT_EQ(code(g.identify(w.view, "wl_guest")), "401 invalid_api_key");
  std::string metrics;
  g.append_metrics(metrics);
  EXPECT_THAT(metrics, HasSubstr("wattline_key_refusals_total{reason=\"unknown\"} 6"));
  EXPECT_THAT(metrics, HasSubstr("wattline_key_refusals_total{reason=\"revoked\"} 1"));
}

// What is presented goes through the same steps whatever it is: one hash, one probe, one whole comparison.
TEST(Governor, NoPartOfAKeyIsAKey) {
  World w;
  const std::string key = new_api_key().reveal();
  w.config.keys.push_back(key_config("real", "lab", key));
  auto& g = w.start();
  EXPECT_EQ(code(g.identify(w.view, key)), "in");
  for (std::size_t i = 0; i < key.size(); ++i) {
    std::string other = key;
    other[i] = other[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(code(g.identify(w.view, other)), "401 invalid_api_key");
    EXPECT_EQ(code(g.identify(w.view, key.substr(0, i))), i ? "401 invalid_api_key" : "401 api_key_missing");
  }
  // The digest that stands in files opens nothing.
  EXPECT_EQ(code(g.identify(w.view, to_hex(sha256(key)))), "401 invalid_api_key");
}

TEST(Governor, TheServersKeyIsOfTheTenantDefault) {
  World w;
  w.config.tenants.clear();
  w.config.keys.clear();
  auto& g = w.start(Secret("s3cret"));
  const auto a = access(g.identify(w.view, "s3cret"));
  EXPECT_EQ(a.tenant->name(), "default");
  EXPECT_TRUE(a.tenant->sees_all());
  EXPECT_EQ(a.key->requester->tenant, "default");
  EXPECT_EQ(code(g.identify(w.view, "other")), "401 invalid_api_key");
  EXPECT_THROW(g.revoke_key("server"), Error);
}

TEST(Governor, WithoutKeysAnybodyIsLetIn) {
  World w;
  w.config = {};
  QueueConfig q;
  q.concurrent = 1;
  q.waiting = 0;
  w.config.queues = {q};
  auto& g = w.start();
  const auto a = access(g.identify(w.view, ""));
  auto first = g.admit(a, *w.model, {});
  EXPECT_EQ(first.ticket.requester(), nullptr);
  EXPECT_EQ(code(g.admit(a, *w.model, {})), "429 queue_full");
  first.ticket.close();
  EXPECT_EQ(code(g.admit(a, *w.model, {})), "in");
}

TEST(Governor, KeysAndTenantsHaveTheirModels) {
  World w;
  w.config.tenants[0].models = {"llama-*", "big"};
  w.config.keys[0].models = {"llama-*"};
  auto& g = w.start();
  const auto lab = access(g.identify(w.view, "wl_lab")), shop = access(g.identify(w.view, "wl_shop"));
  EXPECT_TRUE(g.may_use(lab, "llama-3"));
  EXPECT_FALSE(g.may_use(lab, "big"));
  EXPECT_FALSE(g.may_use(lab, "gpt"));
  EXPECT_TRUE(g.may_use(shop, "gpt"));
  EXPECT_EQ(g.not_allowed(lab, "gpt").status, 404);
}

TEST(Governor, RatesRefuseWithTheTimeToWait) {
  World w;
  w.config.tenants[0].requests_per_minute = 2;
  w.config.tenants[0].tokens_per_minute = 1000;
  auto& g = w.start();
  auto a = w.admit("wl_lab");
  ASSERT_EQ(code(a), "in");
  std::string headers;
  a.ticket.append_headers(headers);
  EXPECT_EQ(headers,
            "x-ratelimit-limit-requests: 2\r\nx-ratelimit-remaining-requests: 1\r\nx-ratelimit-reset-requests: 30s\r\n"
            "x-ratelimit-limit-tokens: 1000\r\nx-ratelimit-remaining-tokens: 800\r\nx-ratelimit-reset-tokens: 12s\r\n");
  EXPECT_EQ(code(w.admit("wl_lab")), "in");
  const auto refused = w.admit("wl_lab");
  EXPECT_EQ(code(refused), "429 rate_limit_exceeded");
  EXPECT_EQ(refused.refused->retry_after_s, 30);
  EXPECT_THAT(refused.headers, HasSubstr("x-ratelimit-remaining-requests: 0"));
  EXPECT_EQ(code(w.admit("wl_shop")), "in");  // others have limits of their own
  w.ns = 30'000'000'000;
  EXPECT_EQ(code(w.admit("wl_lab")), "in");
  w.ns = 120'000'000'000;
  const auto large = w.admit("wl_lab", {2000, 0.0, 1});
  EXPECT_EQ(code(large), "429 request_too_large");
  EXPECT_THAT(large.headers, HasSubstr("x-should-retry: false"));
  EXPECT_EQ(g.find_tenant("lab")->refusals(Refusal::tokens), 1);
}

TEST(Governor, TokensAreSettledToWhatWasUsed) {
  World w;
  w.config.tenants[0].tokens_per_minute = 1000;
  w.start();
  std::int64_t settled = 0;
  std::mt19937 random(1);
  for (int i = 0; i < 50; ++i) {
    auto a = w.admit("wl_lab", {10, 200.0, 1});
    if (a.refused) break;
    const std::int64_t in = 5 + random() % 10, out = random() % 30;
    a.ticket.charge(answer_of(1, in, out));
    settled += in + out;
  }
  LimitFigures f;
  auto last = w.admit("wl_lab", {0, 0.0, 1});
  std::string headers;
  last.ticket.append_headers(headers);
  EXPECT_THAT(headers, HasSubstr("x-ratelimit-remaining-tokens: " + std::to_string(1000 - settled) + "\r\n"));
  // One that was refused further on, before any model was asked, costs no tokens.
  last.ticket.close();
  { auto unused = w.admit("wl_lab", {10, 20.0, 1}); }
  headers.clear();
  w.admit("wl_lab", {0, 0.0, 1}).ticket.append_headers(headers);
  EXPECT_THAT(headers, HasSubstr("x-ratelimit-remaining-tokens: " + std::to_string(1000 - settled) + "\r\n"));
}

TEST(Governor, BudgetsWarnAndThenRefuseUntilTheyBeginAnew) {
  World w;
  w.config.tenants[0].budgets = {{Resource::energy, Window::month, 100, 0.8}};
  w.start();
  auto a = w.admit("wl_lab");
  EXPECT_FALSE(a.ticket.prefers_cheaper());
  a.ticket.charge(answer_of(85, 10, 10));
  a.ticket.close();
  a = w.admit("wl_lab", {1, 1.0, 1});
  ASSERT_EQ(code(a), "in");
  EXPECT_TRUE(a.ticket.prefers_cheaper());
  std::string headers;
  a.ticket.append_headers(headers);
  EXPECT_EQ(headers, "x-wattline-budget: energy;per=month;used=85;limit=100;unit=J;reset=2026-12-01T00:00:00Z\r\nx-wattline-prefer: cheaper\r\n");
  a.ticket.charge(answer_of(15, 10, 10));
  a.ticket.close();
  const auto refused = w.admit("wl_lab");
  EXPECT_EQ(code(refused), "429 insufficient_quota");
  EXPECT_EQ(refused.refused->type, "insufficient_quota");
  EXPECT_THAT(refused.refused->message, HasSubstr("energy budget of tenant 'lab' is used up: 100 J of 100 J in this month; it begins anew at 2026-12-01T00:00:00Z"));
  EXPECT_EQ(refused.refused->retry_after_s, 5 * 86400 + 43200);
  EXPECT_THAT(refused.headers, HasSubstr("x-should-retry: false"));
  w.now = parse_time("2026-12-01T00:00:00Z");
  EXPECT_EQ(code(w.admit("wl_lab")), "in");
}

TEST(Governor, MoneyFollowsThePricesOfTheConfiguration) {
  World w;
  PriceConfig p;
  p.models = {"big"};
  p.usd_per_million_input = 2;
  p.usd_per_million_output = 10;
  p.usd_per_kwh = 0.2;
  w.config.prices = {p};
  w.config.tenants[0].budgets = {{Resource::money, Window::total, 1, 1}};
  auto& g = w.start();
  auto a = w.admit("wl_lab");
  a.ticket.charge(answer_of(3.6e6, 100'000, 10'000));  // 0.2 + 0.1, and 1 kWh at a PUE of 1.5
  a.ticket.close();
  const Json j = parse_json(g.usage_json(*g.find_tenant("lab")));
  EXPECT_NEAR(j.at("usage").at("total").at("money").at("value").as_number(), 0.6, 1e-12);
  EXPECT_NEAR(j.at("usage").at("total").at("money").at("low").as_number(), 0.57, 1e-12);
  EXPECT_NEAR(j.at("budgets").as_array()[0].at("used").as_number(), 0.6, 1e-12);
  a = w.admit("wl_lab");
  a.ticket.charge(answer_of(3.6e6, 100'000, 10'000));
  a.ticket.close();
  EXPECT_THAT(w.admit("wl_lab").refused->message, HasSubstr("does not begin anew by itself"));
  EXPECT_EQ(w.admit("wl_lab").refused->retry_after_s, 0);
}

TEST(Governor, WhatIsUnderWayIsCountedBeforeItIsAnswered) {
  World w;
  w.config.tenants[0].budgets = {{Resource::energy, Window::day, 1000, 1}};
  w.start();
  auto a = w.admit("wl_lab");
  a.ticket.charge(answer_of(200, 100, 100));  // a joule a token
  a.ticket.close();
  std::vector<Governor::Admission> in;
  while (in.size() < 20) {
    auto next = w.admit("wl_lab");  // 200 tokens each
    if (next.refused) {
      EXPECT_EQ(next.refused->code, "budget_reserved");
      EXPECT_EQ(next.refused->retry_after_s, 1);
      break;
    }
    in.push_back(std::move(next));
  }
  EXPECT_EQ(in.size(), 4u);
  for (auto& i : in) i.ticket.charge(answer_of(10, 5, 5));
  in.clear();
  EXPECT_EQ(code(w.admit("wl_lab")), "in");
}

TEST(Governor, WaitsAndTurns) {
  World w;
  w.config.tenants[0].concurrent = 1;
  auto& g = w.start();
  auto first = w.admit("wl_lab");
  auto second = w.admit("wl_lab");
  ASSERT_TRUE(second.ticket.waiter());
  auto third = w.admit("wl_lab");
  first.ticket.close();
  EXPECT_FALSE(g.turn(second.ticket));
  EXPECT_EQ(g.turn(third.ticket)->code, "queue_timeout");
  EXPECT_FALSE(third.ticket);
  // Revoked while it waited.
  auto fourth = w.admit("wl_lab");
  g.revoke_key("laptop");
  second.ticket.close();
  EXPECT_EQ(g.turn(fourth.ticket)->status, 401);
  const auto shop = w.admit("wl_shop");
  EXPECT_EQ(code(shop), "in");
  EXPECT_EQ(g.find_tenant("lab")->admissions(), 2);
}

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
  for (const auto& text : {text_of(w.config.keys_file), log, metrics, again.keys_json(""), again.tenants_json(), again.usage_json()})
    for (const auto& secret : {made.key.reveal(), other.key.reveal(), std::string("wl_lab"), std::string("wl_shop")}) EXPECT_THAT(text, Not(HasSubstr(secret)));
  for (const auto& text : {log, metrics, again.keys_json(""), again.usage_json()}) EXPECT_THAT(text, Not(HasSubstr(to_hex(sha256(other.key.reveal())))));
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
  ledger.rows = {{"2026-10-31T23:59:59Z", "lab", 1000, 1000}, {"2026-11-01T00:00:00Z", "lab", 60, 10}, {"2026-11-25T01:00:00Z", "lab", 30, 20}, {"2026-11-25T02:00:00Z", "gone", 500, 5}, {"2026-11-25T02:00:00Z", "shop", 7, 5}};
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
  next.keys = {key_config("laptop", "lab", "wl_lab"), key_config("fresh", "new", "wl_new"), key_config("till-2", "new", "wl_shop2")};
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

// Many threads, one budget: it is overspent by no more than what was under way, the books add up, and
// nothing is left reserved. Keys come and go meanwhile.
TEST(Governor, HoldsFromManyThreads) {
  constexpr int threads = 8, rounds = 400;
  constexpr double limit = 20'000, most = 50;
  World w;
  w.config.tenants[0].budgets = {{Resource::energy, Window::total, limit, 0.5}};
  w.config.tenants[0].concurrent = 6;
  w.config.tenants[0].requests_per_minute = 1e9;
  w.config.tenants[0].tokens_per_minute = 1e9;
  w.config.waiting = 100;
  w.start();
  Governor& g = *w.governor;
  std::atomic<double> spent{0};
  std::atomic<std::int64_t> answered{0}, exhausted{0};
  std::atomic<bool> over{false};
  std::thread administrator([&] {
    for (int i = 0; !over.load(); ++i) {
      const auto made = g.create_key("shop", "", {}, {});
      KeyRing::View view;
      EXPECT_EQ(code(g.identify(view, made.key.reveal())), "in");
      g.revoke_key(made.id);
      EXPECT_EQ(code(g.identify(view, made.key.reveal())), "401 invalid_api_key");
      std::string text;
      g.append_metrics(text);
      text += g.usage_json() + g.keys_json("");
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  std::vector<std::thread> running;
  for (int t = 0; t < threads; ++t)
    running.emplace_back([&, t] {
      std::mt19937 random(static_cast<unsigned>(t));
      KeyRing::View view;
      for (int i = 0; i < rounds; ++i) {
        auto in = g.admit(access(g.identify(view, "wl_lab")), *w.model, {10, 10.0, 1});
        if (in.refused) {
          exhausted.fetch_add(in.refused->code == "insufficient_quota");
          continue;
        }
        if (const auto waiter = in.ticket.waiter()) {
          std::latch decided(1);
          waiter->when_decided([&] { decided.count_down(); });
          decided.wait();
          if (g.turn(in.ticket)) continue;
        }
        const double joules = static_cast<double>(random() % static_cast<unsigned>(most));
        in.ticket.charge(answer_of(joules, 5, 5));
        spent.fetch_add(joules);
        answered.fetch_add(1);
      }
    });
  for (auto& t : running) t.join();
  over = true;
  administrator.join();
  EXPECT_GT(exhausted.load(), 0);
  EXPECT_LE(spent.load(), limit + threads * most);
  const Json j = parse_json(g.usage_json(*g.find_tenant("lab")));
  EXPECT_NEAR(j.at("usage").at("total").at("energy").at("value").as_number(), spent.load(), 1e-6);
  EXPECT_EQ(j.at("usage").at("total").at("answers").as_integer(), answered.load());
  EXPECT_NEAR(j.at("budgets").as_array()[0].at("used").as_number(), spent.load(), 1e-6);
  EXPECT_NEAR(j.at("budgets").as_array()[0].at("reserved").as_number(), 0, 1e-6);
}

}  // namespace
}  // namespace wattline::serve
