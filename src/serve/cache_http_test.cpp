// The cache and the sharing of runs, through the gateway's front door.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/json.h"
#include "serve/gateway_fixture.h"

namespace wattline::serve::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view ask = R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}],"temperature":0})";
constexpr std::string_view ask_stream = R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}],"temperature":0,"stream":true})";
constexpr std::string_view ask_stream_usage =
    R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}],"temperature":0,"stream":true,"stream_options":{"include_usage":true}})";

std::string completion(std::string_view choices) {
  return R"({"id":"c1","object":"chat.completion","choices":[)" + std::string(choices) + R"(],"usage":{"prompt_tokens":11,"completion_tokens":5,"total_tokens":16},"x_big":90071992547409931})";
}
std::string choice(std::string_view finish, std::string_view index = "0", std::string_view message = R"({"role":"assistant","content":"Hello."})") {
  return R"({"index":)" + std::string(index) + R"(,"message":)" + std::string(message) + R"(,"finish_reason":")" + std::string(finish) + "\"}";
}
const std::string whole = completion(choice("stop"));

std::string delta(std::string_view text) { return "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + std::string(text) + "\"}}]}\n\n"; }
std::string finish_event(std::string_view reason = "stop") { return "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"" + std::string(reason) + "\"}]}\n\n"; }
const std::string usage_event = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":2,\"total_tokens\":13}}\n\n";
const std::string done_event = "data: [DONE]\n\n";

FakeUpstream::Handler answers(std::string text) {
  return [text](const FakeUpstream::Request&, Connection& c) { return c.send(text); };
}
FakeUpstream::Handler streams(std::vector<std::string> events) {
  return [events](const FakeUpstream::Request&, Connection& c) {
    c.send(stream_head);
    for (const auto& e : events) c.send(chunk(e));
    return c.send("0\r\n\r\n");
  };
}
bool wait_until(const std::function<bool()>& ready) {
  for (int i = 0; i < 2000; ++i) {
    if (ready()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

struct CacheGateway : TestGateway {
  explicit CacheGateway(std::uint16_t upstream) {
    config.cache.enabled = true;
    add_upstream(upstream);
  }
  Response ask_for(std::string_view body, std::string_view headers = "") {
    Client c(port());
    c.post("/v1/chat/completions", body, headers);
    return c.read();
  }
  std::string use(std::string_view body, std::string_view headers = "") { return ask_for(body, headers).header("x-wattline-cache"); }
  std::size_t followers() { return gateway->cache()->flights.followers(); }
};

TEST(CacheHttp, TheSameQuestionIsAnsweredOnce) {
  FakeUpstream up(answers(reply(whole)));
  CacheGateway g(up.port());
  g.start();
  const auto first = g.ask_for(ask);
  EXPECT_EQ(first.header("x-wattline-cache"), "miss");
  EXPECT_EQ(first.header("age"), "");
  const auto second = g.ask_for(R"({ "temperature":0.0, "stream":false, "user":"u7", "messages":[{"content":"\u0048i","role":"user"}], "model":"llama-3.1-8b" })");
  ASSERT_EQ(second.status, 200) << second.body;
  EXPECT_EQ(second.header("x-wattline-cache"), "hit");
  EXPECT_EQ(second.header("age"), "0");
  EXPECT_EQ(up.requests(), 1);
  EXPECT_THAT(second.body, HasSubstr("\"x_big\":90071992547409931"));
  EXPECT_THAT(second.body, HasSubstr("\"content\":\"Hello.\""));
  const Json a = parse_json(first.body).at("usage").at("wattline"), b = parse_json(second.body).at("usage").at("wattline");
  EXPECT_EQ(a.at("cache").as_string(), "miss");
  EXPECT_EQ(b.at("cache").as_string(), "hit");
  EXPECT_GT(a.at("energy").at("value").as_number(), 0);
  EXPECT_EQ(b.at("energy").at("value").as_number(), 0);
  EXPECT_EQ(b.at("energy").at("high").as_number(), 0);
  EXPECT_EQ(b.at("carbon").at("value").as_number(), 0);
  EXPECT_EQ(b.at("saved").at("energy").at("value"), a.at("energy").at("value"));
  EXPECT_EQ(b.at("saved").at("energy").at("method").as_string(), "modelled");
  EXPECT_EQ(b.at("saved").at("answer_id"), a.at("answer_id"));
  EXPECT_NE(b.at("answer_id"), a.at("answer_id"));
  EXPECT_EQ(second.header("x-wattline-energy-j"), "0");
  EXPECT_FALSE(second.header("x-wattline-saved-j").empty());

  const auto look = parse_json(g.get("/api/v1/answers/" + b.at("answer_id").as_string()).body);
  EXPECT_EQ(look.at("status").as_string(), "ok");
  EXPECT_EQ(look.at("cache").as_string(), "hit");
  EXPECT_EQ(look.at("tokens_out").as_integer(), 5);
  const auto metrics = g.get("/metrics").body;
  EXPECT_THAT(metrics, HasSubstr("wattline_cache_answers_total{model=\"llama-3.1-8b\",upstream=\"up0\",result=\"hit\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("wattline_cache_answers_total{model=\"llama-3.1-8b\",upstream=\"up0\",result=\"miss\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("wattline_cache_entries 1\n"));
  const auto saved = metrics.find("wattline_saved_joules_total{model=\"llama-3.1-8b\",upstream=\"up0\",reason=\"cache\"} ");
  ASSERT_NE(saved, std::string::npos);
  EXPECT_NEAR(std::atof(metrics.c_str() + metrics.find("} ", saved) + 2), a.at("energy").at("value").as_number(), 1e-4);
  g.stop();
  const auto facts = g.sink->facts();
  ASSERT_EQ(facts.size(), 2u);
  EXPECT_GT(facts[0].energy.value().base(), 0);
  EXPECT_EQ(facts[1].energy.value().base(), 0);
  EXPECT_EQ(facts[1].tokens_out, 5);
  const std::pair<std::string, std::string> ok{"status", "ok"}, hit{"cache", "hit"};
  EXPECT_THAT(facts[1].labels, ::testing::Contains(ok));
  EXPECT_THAT(facts[1].labels, ::testing::Contains(hit));
  EXPECT_THAT(facts[0].labels, Not(::testing::Contains(::testing::Pair("cache", ::testing::_))));
}

TEST(CacheHttp, IsOffUnlessAskedFor) {
  FakeUpstream up(answers(reply(whole)));
  TestGateway g;
  g.add_upstream(up.port());
  g.start();
  EXPECT_EQ(g.chat(ask).header("x-wattline-cache"), "");
  EXPECT_THAT(g.chat(ask).body, Not(HasSubstr("\"cache\"")));
  EXPECT_EQ(up.requests(), 2);
  EXPECT_THAT(g.get("/metrics").body, Not(HasSubstr("wattline_cache")));
}

TEST(CacheHttp, WhatDiffersIsAskedAgain) {
  FakeUpstream up(answers(reply(whole)));
  CacheGateway g(up.port());
  g.start();
  int asked = 0;
  for (const char* other : {
           R"({"model":"llama-3.1-8b","temperature":0,"messages":[{"role":"user","content":"Hi"}]})",
           R"({"model":"llama-3.1-8b","temperature":0,"messages":[{"role":"user","content":"hi"}]})",
           R"({"model":"llama-3.1-8b","temperature":0,"messages":[{"role":"system","content":"Be brief"},{"role":"user","content":"Hi"}]})",
           R"({"model":"llama-3.1-8b","temperature":0,"messages":[{"role":"system","content":"Be long"},{"role":"user","content":"Hi"}]})",
           R"({"model":"llama-3.1-8b","temperature":0,"messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"function","function":{"name":"f"}}]})",
           R"({"model":"llama-3.1-8b","temperature":0,"messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"function","function":{"name":"g"}}]})",
           R"({"model":"llama-3.1-8b","temperature":0,"messages":[{"role":"user","content":"Hi"}],"top_p":0.5})",
           R"({"model":"llama-3.1-8b","temperature":0,"messages":[{"role":"user","content":"Hi"}],"seed":9007199254740993})",
           R"({"model":"llama-3.1-8b","temperature":0,"messages":[{"role":"user","content":"Hi"}],"seed":9007199254740992})",
           R"({"model":"llama-3.1-8b","temperature":0,"messages":[{"role":"user","content":"Hi"}],"x_new":{"a":[1]}})",
           R"({"model":"llama-3.1-8b","temperature":0,"messages":[{"role":"user","content":"Hi"}],"max_tokens":5})",
       }) {
    EXPECT_EQ(g.use(other), "miss") << other;
    EXPECT_EQ(up.requests(), ++asked);
    EXPECT_EQ(g.use(other), "hit") << other;
  }
}

TEST(CacheHttp, ChanceIsNotRepeatedUnlessAskedFor) {
  FakeUpstream up(answers(reply(whole)));
  CacheGateway g(up.port());
  g.start();
  constexpr std::string_view warm = R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}],"temperature":0.7})";
  constexpr std::string_view unsaid = R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}]})";
  for (auto body : {warm, unsaid}) {
    EXPECT_EQ(g.use(body), "bypass");
    EXPECT_EQ(g.use(body), "bypass");
    EXPECT_EQ(g.use(body, "x-wattline-cache: on\r\n"), "miss");
    EXPECT_EQ(g.use(body, "X-Wattline-Cache: on\r\n"), "hit");
    EXPECT_EQ(g.use(body), "bypass");
  }
  EXPECT_EQ(g.use(R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}],"temperature":0,"store":true})"), "bypass");
}

TEST(CacheHttp, OnlyWholeAnswersAreKept) {
  const std::string tool = R"({"role":"assistant","content":null,"tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{}"}}]})";
  for (const auto& text : {reply(completion(choice("length"))), reply(completion(choice("tool_calls", "0", tool))), reply(completion(choice("stop", "0", tool))),
                           reply(completion(choice("content_filter"))), reply(completion(choice("stop") + "," + choice("length", "1"))),
                           reply(completion(choice("length") + "," + choice("stop", "1"))), reply(completion("")), reply(R"({"choices":[{"message":{"content":"x"},"finish_reason":null}]})"),
                           reply(R"({"error":{"message":"no"}})"), reply(R"({"error":{"message":"no"}})", "400 Bad Request"), reply("what?")}) {
    FakeUpstream up(answers(text));
    CacheGateway g(up.port());
    g.start();
    EXPECT_EQ(g.use(ask), "miss") << text;
    EXPECT_EQ(g.use(ask), "miss") << text;
    EXPECT_EQ(g.gateway->cache()->store.totals().entries, 0u);
  }
  FakeUpstream two(answers(reply(completion(choice("stop") + "," + choice("stop", "1")))));
  CacheGateway g(two.port());
  g.start();
  g.use(ask);
  EXPECT_EQ(g.use(ask), "hit");
}

TEST(CacheHttp, AStreamIsGivenAgainEventByEvent) {
  const std::vector<std::string> events = {": hi\n\n", "id: 7\nevent: message\n" + delta("Hel"), delta("lo"), finish_event(), usage_event, done_event};
  FakeUpstream up([&](const FakeUpstream::Request& r, Connection& c) {
    return r.body.find("\"stream\":true") == std::string::npos ? c.send(reply(whole)) : streams(events)(r, c);
  });
  CacheGateway g(up.port());
  g.start();
  const std::string words = events[0] + events[1] + events[2] + events[3];
  const auto first = g.ask_for(ask_stream);
  EXPECT_EQ(first.header("x-wattline-cache"), "miss");
  EXPECT_EQ(first.body, words + done_event);
  const auto second = g.ask_for(ask_stream);
  EXPECT_EQ(second.header("x-wattline-cache"), "hit");
  EXPECT_THAT(second.header("content-type"), HasSubstr("text/event-stream"));
  EXPECT_TRUE(second.whole);
  EXPECT_EQ(second.body, first.body);
  EXPECT_EQ(up.requests(), 1);
  // Who asks for the usage gets the same, and what this answer cost.
  const auto third = g.ask_for(ask_stream_usage);
  EXPECT_EQ(third.header("x-wattline-cache"), "hit");
  EXPECT_TRUE(third.body.starts_with(words)) << third.body;
  EXPECT_TRUE(third.body.ends_with(done_event));
  const std::string last = third.body.substr(words.size());
  const Json usage = parse_json(last.substr(6, last.find("\n\n") - 6)).at("usage");
  EXPECT_EQ(usage.at("completion_tokens").as_integer(), 2);
  EXPECT_EQ(usage.at("wattline").at("energy").at("value").as_number(), 0);
  EXPECT_GT(usage.at("wattline").at("saved").at("energy").at("value").as_number(), 0);
  // A whole reply to the same is another thing, and so is a stream to what was asked whole.
  EXPECT_EQ(g.use(ask), "miss");
  EXPECT_EQ(g.use(ask), "hit");
  EXPECT_EQ(up.requests(), 2);
  EXPECT_EQ(g.ask_for(ask_stream).body, first.body);
}

TEST(CacheHttp, AStreamWithoutUsageOrEndMarkIsKeptToo) {
  FakeUpstream up(streams({delta("Hi"), finish_event()}));
  CacheGateway g(up.port());
  g.start();
  const auto first = g.ask_for(ask_stream);
  EXPECT_EQ(first.body, delta("Hi") + finish_event() + done_event);
  const auto again = g.ask_for(ask_stream_usage);
  EXPECT_EQ(again.header("x-wattline-cache"), "hit");
  EXPECT_TRUE(again.body.starts_with(delta("Hi") + finish_event()));
  EXPECT_THAT(again.body, HasSubstr("\"saved\""));
  EXPECT_EQ(g.answer(2)->tokens_estimated, true);
}

TEST(CacheHttp, BrokenAndCutStreamsAreNotKept) {
  for (const auto& events : {std::vector{delta("Hi")}, std::vector{delta("Hi"), finish_event("length"), done_event}, std::vector{delta("Hi"), finish_event("tool_calls"), done_event},
                             std::vector{delta("Hi"), done_event}, std::vector{delta("Hi"), std::string("data: {\"error\":{\"message\":\"no\"}}\n\n")}}) {
    FakeUpstream up(streams(events));
    CacheGateway g(up.port());
    g.start();
    g.ask_for(ask_stream);
    EXPECT_EQ(g.use(ask_stream), "miss");
    EXPECT_EQ(g.gateway->cache()->store.totals().entries, 0u);
  }
}

TEST(CacheHttp, ARequestMaySayWhatItWants) {
  FakeUpstream up(answers(reply(whole)));
  CacheGateway g(up.port());
  g.start();
  const auto none = g.ask_for(ask, "cache-control: only-if-cached\r\n");
  EXPECT_EQ(none.status, 504);
  EXPECT_THAT(none.body, HasSubstr("not_cached"));
  EXPECT_EQ(up.requests(), 0);
  EXPECT_EQ(g.use(ask, "cache-control: no-store\r\n"), "bypass");
  EXPECT_EQ(g.use(ask, "x-wattline-cache: off\r\n"), "bypass");
  EXPECT_EQ(g.use(ask, "cache-control: no-cache\r\n"), "miss");  // a refresh is kept
  EXPECT_EQ(up.requests(), 3);
  EXPECT_EQ(g.use(ask), "hit");
  EXPECT_EQ(g.use(ask, "cache-control: only-if-cached\r\n"), "hit");
  EXPECT_EQ(g.use(ask, "cache-control: max-age=3600\r\n"), "hit");
  EXPECT_EQ(g.use(ask, "cache-control: max-age=-1\r\n"), "miss");
  EXPECT_EQ(g.use(ask, "cache-control: no-cache\r\n"), "miss");
  EXPECT_EQ(g.ask_for(ask, "x-wattline-cache: yes\r\n").status, 400);
  EXPECT_EQ(up.requests(), 5);
}

TEST(CacheHttp, TheBuiltInModelIsAskedOnceToo) {
  FakeUpstream up(answers(reply(whole)));
  CacheGateway g(up.port());
  g.start();
  for (const std::string more : {"", R"(,"stream":true)"}) {
    // A built-in model draws nothing by chance unless asked to.
    const std::string body = R"({"model":"babbler","messages":[{"role":"user","content":"Hi"}],"max_tokens":200,"stop":["\u0001"])" + more + "}";
    const auto first = g.ask_for(body), second = g.ask_for(body);
    EXPECT_EQ(first.status, 200) << first.body;
    EXPECT_EQ(first.header("x-wattline-cache"), "miss");
    const bool stopped = first.body.find("\"finish_reason\":\"stop\"") != std::string::npos;
    EXPECT_EQ(second.header("x-wattline-cache"), stopped ? "hit" : "miss");
    if (!more.empty() && stopped) {
      EXPECT_EQ(second.body, first.body);
    }
    EXPECT_EQ(g.use(R"({"model":"babbler","messages":[{"role":"user","content":"Hi"}],"max_tokens":8,"temperature":1})"), "bypass");
  }
}

TEST(CacheHttp, ClientsOfOtherDialectsShareTheirAnswers) {
  FakeUpstream up([&](const FakeUpstream::Request& r, Connection& c) {
    return r.body.find("\"stream\":true") == std::string::npos ? c.send(reply(whole)) : streams({delta("Hel"), delta("lo."), finish_event(), usage_event, done_event})(r, c);
  });
  CacheGateway g(up.port());
  g.start();
  const auto messages = [&](std::string_view more) {
    Client c(g.port());
    c.post("/v1/messages", R"({"model":"llama-3.1-8b","max_tokens":64,"temperature":0,"messages":[{"role":"user","content":"Hi"}])" + std::string(more) + "}");
    return c.read();
  };
  const auto first = messages(""), second = messages("");
  EXPECT_EQ(first.header("x-wattline-cache"), "miss");
  EXPECT_EQ(second.header("x-wattline-cache"), "hit");
  const Json a = parse_json(first.body), b = parse_json(second.body);
  EXPECT_EQ(a.at("type").as_string(), "message");
  EXPECT_EQ(b.at("content"), a.at("content"));
  EXPECT_EQ(b.at("stop_reason"), a.at("stop_reason"));
  const auto stream = messages(R"(,"stream":true)"), again = messages(R"(,"stream":true)");
  EXPECT_EQ(again.header("x-wattline-cache"), "hit");
  EXPECT_THAT(again.body, HasSubstr("event: message_stop"));
  EXPECT_THAT(again.body, HasSubstr("lo."));
  EXPECT_EQ(up.requests(), 2);
}

TEST(CacheHttp, TenantsNeverMeet) {
  FakeUpstream up(answers(reply(whole)));
  CacheGateway g(up.port());
  for (const char* name : {"lab", "shop"}) {
    TenantConfig t;
    t.name = name;
    g.config.governance.tenants.push_back(t);
    KeyConfig k;
    k.id = k.tenant = name;
    k.digest = sha256("wl_" + std::string(name));
    g.config.governance.keys.push_back(k);
  }
  g.start();
  constexpr std::string_view lab = "authorization: Bearer wl_lab\r\n", shop = "authorization: Bearer wl_shop\r\n";
  EXPECT_EQ(g.ask_for(ask).status, 401);
  EXPECT_EQ(g.use(ask, lab), "miss");
  EXPECT_EQ(g.use(ask, lab), "hit");
  EXPECT_EQ(g.use(ask, shop), "miss");
  EXPECT_EQ(g.use(ask, shop), "hit");
  EXPECT_EQ(up.requests(), 2);
  EXPECT_EQ(g.answer(4)->requester->tenant, "shop");
}

TEST(CacheHttp, ForgetsInTime) {
  FakeUpstream up(answers(reply(whole)));
  CacheGateway g(up.port());
  g.config.cache.ttl = Duration(1e-9);
  g.start();
  EXPECT_EQ(g.use(ask), "miss");
  EXPECT_EQ(g.use(ask), "miss");
}

// --- One run for those who ask the same at the same time.

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
      return r.body.find("\"stream\":true") == std::string::npos ? c.send(reply(whole)) : streams({delta("Hello."), finish_event(), usage_event, done_event})(r, c);
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
      EXPECT_THAT(f.labels, ::testing::Contains(std::pair<std::string, std::string>("status", "ok")));  // nothing was wasted
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
