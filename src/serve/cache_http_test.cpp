// The cache and the sharing of runs, through the gateway's front door.
#include "serve/cache_fixture.h"

namespace wattline::serve::tests {
namespace {

TEST(CacheHttp, TheSameQuestionIsAnsweredOnce) {
  FakeUpstream up(answers(reply(whole)));
  CacheGateway g(up.port());
  g.start();
  const auto first = g.ask_for(ask);
  EXPECT_EQ(first.header("x-wattline-cache"), "miss");
  EXPECT_EQ(first.header("age"), "");
  const auto second = g.ask_for(
      R"({ "temperature":0.0, "stream":false, "user":"u7", "messages":[{"content":"\u0048i","role":"user"}], "model":"llama-3.1-8b" })");
  ASSERT_EQ(second.status, 200) << second.body;
  EXPECT_EQ(second.header("x-wattline-cache"), "hit");
  EXPECT_EQ(second.header("age"), "0");
  EXPECT_EQ(up.requests(), 1);
  EXPECT_THAT(second.body, HasSubstr("\"x_big\":90071992547409931"));
  EXPECT_THAT(second.body, HasSubstr("\"content\":\"Hello.\""));
  const Json a = parse_json(first.body).at("usage").at("wattline"),
             b = parse_json(second.body).at("usage").at("wattline");
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
  EXPECT_THAT(metrics,
              HasSubstr("wattline_cache_answers_total{model=\"llama-3.1-8b\",upstream=\"up0\",result=\"hit\"} 1\n"));
  EXPECT_THAT(metrics,
              HasSubstr("wattline_cache_answers_total{model=\"llama-3.1-8b\",upstream=\"up0\",result=\"miss\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("wattline_cache_entries 1\n"));
  const auto saved =
      metrics.find("wattline_saved_joules_total{model=\"llama-3.1-8b\",upstream=\"up0\",reason=\"cache\"} ");
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
  for (
      const char* other : {
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
  constexpr std::string_view warm =
      R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}],"temperature":0.7})";
  constexpr std::string_view unsaid = R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}]})";
  for (auto body : {warm, unsaid}) {
    EXPECT_EQ(g.use(body), "bypass");
    EXPECT_EQ(g.use(body), "bypass");
    EXPECT_EQ(g.use(body, "x-wattline-cache: on\r\n"), "miss");
    EXPECT_EQ(g.use(body, "X-Wattline-Cache: on\r\n"), "hit");
    EXPECT_EQ(g.use(body), "bypass");
  }
  EXPECT_EQ(
      g.use(R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}],"temperature":0,"store":true})"),
      "bypass");
}

TEST(CacheHttp, OnlyWholeAnswersAreKept) {
  const std::string tool =
      R"({"role":"assistant","content":null,"tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{}"}}]})";
  for (const auto& text : {reply(completion(choice("length"))), reply(completion(choice("tool_calls", "0", tool))),
                           reply(completion(choice("stop", "0", tool))), reply(completion(choice("content_filter"))),
                           reply(completion(choice("stop") + "," + choice("length", "1"))),
                           reply(completion(choice("length") + "," + choice("stop", "1"))), reply(completion("")),
                           reply(R"({"choices":[{"message":{"content":"x"},"finish_reason":null}]})"),
                           reply(R"({"error":{"message":"no"}})"),
                           reply(R"({"error":{"message":"no"}})", "400 Bad Request"), reply("what?")}) {
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
  const std::vector<std::string> events = {
      ": hi\n\n", "id: 7\nevent: message\n" + delta("Hel"), delta("lo"), finish_event(), usage_event, done_event};
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
  for (const auto& events :
       {std::vector{delta("Hi")}, std::vector{delta("Hi"), finish_event("length"), done_event},
        std::vector{delta("Hi"), finish_event("tool_calls"), done_event}, std::vector{delta("Hi"), done_event},
        std::vector{delta("Hi"), std::string("data: {\"error\":{\"message\":\"no\"}}\n\n")}}) {
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
    const std::string body =
        R"({"model":"babbler","messages":[{"role":"user","content":"Hi"}],"max_tokens":200,"stop":["\u0001"])" + more +
        "}";
    const auto first = g.ask_for(body), second = g.ask_for(body);
    EXPECT_EQ(first.status, 200) << first.body;
    EXPECT_EQ(first.header("x-wattline-cache"), "miss");
    const bool stopped = first.body.find("\"finish_reason\":\"stop\"") != std::string::npos;
    EXPECT_EQ(second.header("x-wattline-cache"), stopped ? "hit" : "miss");
    if (!more.empty() && stopped) {
      EXPECT_EQ(second.body, first.body);
    }
    EXPECT_EQ(
        g.use(R"({"model":"babbler","messages":[{"role":"user","content":"Hi"}],"max_tokens":8,"temperature":1})"),
        "bypass");
  }
}

TEST(CacheHttp, ClientsOfOtherDialectsShareTheirAnswers) {
  FakeUpstream up([&](const FakeUpstream::Request& r, Connection& c) {
    return r.body.find("\"stream\":true") == std::string::npos
               ? c.send(reply(whole))
               : streams({delta("Hel"), delta("lo."), finish_event(), usage_event, done_event})(r, c);
  });
  CacheGateway g(up.port());
  g.start();
  const auto messages = [&](std::string_view more) {
    Client c(g.port());
    c.post("/v1/messages",
           R"({"model":"llama-3.1-8b","max_tokens":64,"temperature":0,"messages":[{"role":"user","content":"Hi"}])" +
               std::string(more) + "}");
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

}  // namespace
}  // namespace wattline::serve::tests
