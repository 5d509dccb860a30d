// Who may ask, and when: keys, models, rates, budgets, turns.
#include <latch>
#include <random>
#include <thread>

#include "serve/governor_fixture.h"

namespace wattline::serve::tests {
namespace {

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
  for (const char* bad : {"wl_la", "wl_lab ", "WL_LAB", "wl_labx", "\xff"})
    EXPECT_EQ(code(g.identify(w.view, bad)), "401 invalid_api_key") << bad;
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
  EXPECT_EQ(headers,
            "x-wattline-budget: "
            "energy;per=month;used=85;limit=100;unit=J;reset=2026-12-01T00:00:00Z\r\nx-wattline-prefer: cheaper\r\n");
  a.ticket.charge(answer_of(15, 10, 10));
  a.ticket.close();
  const auto refused = w.admit("wl_lab");
  EXPECT_EQ(code(refused), "429 insufficient_quota");
  EXPECT_EQ(refused.refused->type, "insufficient_quota");
  EXPECT_THAT(refused.refused->message, HasSubstr("energy budget of tenant 'lab' is used up: 100 J of 100 J in this "
                                                  "month; it begins anew at 2026-12-01T00:00:00Z"));
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

TEST(Governor, WhatIsGivenAgainTeachesNothing) {
  World w;
  w.config.tenants[0].budgets = {{Resource::energy, Window::day, 1000, 1}};
  w.start();
  w.admit("wl_lab").ticket.charge(answer_of(200, 100, 100));  // a joule a token
  for (int i = 0; i < 200; ++i) {
    Answer again = answer_of(0, 100, 100);
    again.cache = i % 2 ? CacheUse::hit : CacheUse::shared;
    w.admit("wl_lab").ticket.charge(again);
  }
  std::vector<Governor::Admission> in;  // 200 tokens each
  for (auto next = w.admit("wl_lab"); !next.refused; next = w.admit("wl_lab")) in.push_back(std::move(next));
  EXPECT_EQ(in.size(), 4u);
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
}  // namespace wattline::serve::tests
