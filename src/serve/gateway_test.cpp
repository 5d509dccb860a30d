// The gateway through its front door, with upstreams that behave and that do not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/json.h"
#include "serve/gateway_fixture.h"

namespace wattline::serve::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view hello =
    R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}],"seed":90071992547409931})";
constexpr std::string_view hello_stream =
    R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}],"stream":true})";
constexpr std::string_view hello_stream_usage =
    R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}],"stream":true,"stream_options":{"include_usage":true}})";
constexpr std::string_view completion =
    R"({"id":"c1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Hello."},"finish_reason":"stop"}],)"
    R"("usage":{"prompt_tokens":11,"completion_tokens":5,"total_tokens":16},"x_big":90071992547409931})";

std::string delta(std::string_view text) {
  return "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + std::string(text) + "\"}}]}\n\n";
}
const std::string finish_event = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const std::string usage_event =
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":2,\"total_tokens\":13}}\n\n";
const std::string done_event = "data: [DONE]\n\n";

FakeUpstream::Handler answers(std::string text) {
  return [text](const FakeUpstream::Request&, Connection& c) { return c.send(text); };
}
FakeUpstream::Handler streams(std::vector<std::string> events, bool end = true) {
  return [events, end](const FakeUpstream::Request&, Connection& c) {
    c.send(stream_head);
    for (const auto& e : events) c.send(chunk(e));
    if (end) c.send("0\r\n\r\n");
    return end;
  };
}

TEST(Gateway, PassesAnAnswerOnAndTellsWhatItCost) {
  FakeUpstream up(answers(reply(completion)));
  TestGateway g;
  g.add_upstream(up.port());
  g.start();
  const auto r = g.chat(hello);
  ASSERT_EQ(r.status, 200) << r.body;
  const Json j = parse_json(r.body);
  const Json& account = j.at("usage").at("wattline");
  EXPECT_GT(account.at("energy").at("value").as_number(), 0);
  EXPECT_LT(account.at("energy").at("low").as_number(), account.at("energy").at("value").as_number());
  EXPECT_EQ(account.at("energy").at("method").as_string(), "modelled");
  EXPECT_EQ(account.at("carbon").at("unit").as_string(), "mgCO2e");
  EXPECT_EQ(account.at("water").at("unit").as_string(), "mL");
  EXPECT_THAT(r.body, HasSubstr("\"x_big\":90071992547409931"));
  EXPECT_EQ(r.header("x-wattline-answer-id"), account.at("answer_id").as_string());
  EXPECT_EQ(r.header("x-wattline-energy-method"), "modelled");
  EXPECT_EQ(r.header("x-wattline-tokens-in"), "11");
  EXPECT_FALSE(r.header("x-wattline-carbon-mgco2e").empty());
  // The upstream got the request as it was, but for its own name of the model.
  const auto seen = up.seen().at(0);
  EXPECT_THAT(seen.body, HasSubstr("\"model\":\"the-llama-3.1-8b\""));
  EXPECT_THAT(seen.body, HasSubstr("\"seed\":90071992547409931"));
  EXPECT_THAT(seen.head, HasSubstr("POST /v1/chat/completions HTTP/1.1"));

  const auto look = g.get("/api/v1/answers/" + r.header("x-wattline-answer-id"));
  ASSERT_EQ(look.status, 200);
  const Json a = parse_json(look.body);
  EXPECT_EQ(a.at("status").as_string(), "ok");
  EXPECT_EQ(a.at("tokens_out").as_integer(), 5);
  EXPECT_EQ(a.at("place").as_string(), "FR");
  EXPECT_EQ(a.at("energy").at("value"), account.at("energy").at("value"));
  EXPECT_FALSE(a.at("energy").at("sources").as_array().empty());
  g.stop();
  ASSERT_EQ(g.sink->facts().size(), 1u);
  const auto fact = g.sink->facts()[0];
  EXPECT_EQ(fact.uid, account.at("answer_id").as_string());
  EXPECT_EQ(fact.kind, "answer");
  EXPECT_EQ(fact.model, "llama-3.1-8b");
  EXPECT_NEAR(fact.energy.value().base(), account.at("energy").at("value").as_number(),
              1e-5 * fact.energy.value().base());
}

TEST(Gateway, APlaceThatNobodyGaveIsShownAsTheWorldAndRecordedAsNone) {
  FakeUpstream up(answers(reply(completion)));
  TestGateway g;
  g.config.server.place.clear();
  g.add_upstream(up.port());
  g.add_upstream(up.port(), "elsewhere").place = "DE";
  g.start();
  const auto r = g.chat(hello);
  ASSERT_EQ(r.status, 200) << r.body;
  EXPECT_EQ(r.header("x-wattline-place"), "WORLD");
  const Json a = parse_json(g.get("/api/v1/answers/" + r.header("x-wattline-answer-id")).body);
  EXPECT_EQ(a.at("place").as_string(), "WORLD");
  EXPECT_GT(a.at("carbon").at("value").as_number(), 0);
  const Json status = parse_json(g.get("/api/v1/status").body);
  EXPECT_EQ(status.at("place").at("code").as_string(), "WORLD");
  EXPECT_THAT(g.get("/api/v1/line").body, HasSubstr("grid WORLD"));
  std::string other(hello);
  other.replace(other.find("llama-3.1-8b"), 12, "elsewhere");
  EXPECT_EQ(g.chat(other).header("x-wattline-place"), "DE");
  g.stop();
  ASSERT_EQ(g.sink->facts().size(), 2u);
  EXPECT_EQ(g.sink->facts()[0].place, "");
  EXPECT_EQ(g.sink->facts()[1].place, "DE");
}

TEST(Gateway, StreamsByteForByteAndHidesUsageThatWasNotAskedFor) {
  FakeUpstream up(streams({": hi\n\n", delta("Hel"), delta("lo"), finish_event, usage_event, done_event}));
  TestGateway g;
  g.add_upstream(up.port());
  g.start();
  const auto r = g.chat(hello_stream);
  EXPECT_EQ(r.status, 200);
  EXPECT_TRUE(r.whole);
  EXPECT_THAT(r.header("content-type"), HasSubstr("text/event-stream"));
  EXPECT_EQ(r.body, ": hi\n\n" + delta("Hel") + delta("lo") + finish_event + done_event);
  EXPECT_THAT(up.seen().at(0).body, HasSubstr("\"include_usage\":true"));
  const auto a = g.answer();
  ASSERT_TRUE(a);
  EXPECT_EQ(a->id, r.header("x-wattline-answer-id"));
  EXPECT_EQ(a->tokens_in, 11);
  EXPECT_EQ(a->tokens_out, 2);
  EXPECT_FALSE(a->tokens_estimated);
  EXPECT_TRUE(a->first_token);
  EXPECT_EQ(a->finish_reason, "stop");
}

TEST(Gateway, AStreamEndsWithItsCostWhenUsageIsAskedFor) {
  // With a usage chunk, without one, and with the usage in the last chunk of the answer.
  const std::string both =
      "data: "
      "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":11,"
      "\"completion_tokens\":2}}\n\n";
  for (const auto& events : {std::vector{delta("Hi"), finish_event, usage_event, done_event},
                             std::vector{delta("Hi"), finish_event, done_event},
                             std::vector{delta("Hi"), both, done_event}, std::vector{delta("Hi"), finish_event}}) {
    FakeUpstream up(streams(events));
    TestGateway g;
    g.add_upstream(up.port());
    g.start();
    const auto r = g.chat(hello_stream_usage);
    EXPECT_TRUE(r.whole);
    EXPECT_TRUE(r.body.ends_with(done_event)) << r.body;
    const auto at = r.body.rfind("\"wattline\"");
    ASSERT_NE(at, std::string::npos) << r.body;
    const auto begin = r.body.rfind("data: ", at) + 6;
    const Json last = parse_json(r.body.substr(begin, r.body.find("\n\n", begin) - begin));
    EXPECT_TRUE(last.at("choices").as_array().empty());
    EXPECT_GT(last.at("usage").at("wattline").at("energy").at("value").as_number(), 0);
    EXPECT_EQ(last.at("usage").at("wattline").at("answer_id").as_string(), r.header("x-wattline-answer-id"));
  }
}

TEST(Gateway, OneByteAtATimeIsTheSameStream) {
  const std::string all = delta("H\\u00e9") + delta("llo") + finish_event + usage_event + done_event;
  FakeUpstream up([&](const FakeUpstream::Request&, Connection& c) {
    std::string text(stream_head);
    for (char ch : all) text += chunk(std::string(1, ch));
    text += "0\r\n\r\n";
    for (char ch : text)
      if (!c.send(std::string_view(&ch, 1))) return false;
    return true;
  });
  TestGateway g;
  g.add_upstream(up.port());
  g.start();
  EXPECT_EQ(g.chat(hello_stream).body, delta("H\\u00e9") + delta("llo") + finish_event + done_event);
}

TEST(Gateway, KeepsConnectionsAndSendsAgainWhenOneWasClosed) {
  std::atomic<int> served{0};
  FakeUpstream up([&](const FakeUpstream::Request&, Connection& c) {
    c.send(reply(completion));
    return ++served % 3 != 0;  // every third closes without a word
  });
  TestGateway g;
  g.config.server.threads = 1;
  g.add_upstream(up.port());
  g.start();
  Client c(g.port());
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(c.post("/v1/chat/completions", hello));
    ASSERT_EQ(c.read().status, 200) << i;
  }
  EXPECT_LE(up.connections(), 5);
  EXPECT_EQ(up.requests(), 10);
}

struct Bad {
  const char* name;
  FakeUpstream::Handler handler;
  int status;
  const char* code;
};
class BadUpstream : public testing::TestWithParam<Bad> {};
INSTANTIATE_TEST_SUITE_P(
    Gateway, BadUpstream,
    testing::Values(
        Bad{"Closes", [](const auto&, Connection&) { return false; }, 502, "upstream_closed"},
        Bad{"Resets",
            [](const auto&, Connection& c) {
              c.send("HTTP/1.1 200");
              c.reset();
              return false;
            },
            502, "upstream_"},
        Bad{"Garbage", answers("\x01garbage\r\n\r\n"), 502, "upstream_bad_reply"},
        Bad{"Html", answers(reply("<html>", "200 OK", "text/html")), 502, "upstream_bad_reply"},
        Bad{"InvalidUtf8", answers(reply("{\"choices\":\"\xff\"}")), 502, "upstream_bad_reply"},
        Bad{"Truncated",
            [](const auto&, Connection& c) {
              c.send("HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n{\"choices\"");
              return false;
            },
            502, "upstream_truncated"},
        Bad{"Fails", answers(reply("oops", "500 Internal Server Error", "text/plain")), 500, "upstream_status"},
        Bad{"RefusesOurKey", answers(reply(R"({"error":{"message":"bad key sk-123"}})", "401 Unauthorized")), 502,
            "upstream_auth"},
        Bad{"ErrorInside200", answers(reply(R"({"error":{"message":"no room"}})")), 502, "upstream_status"},
        Bad{"Silent",
            [](const auto&, Connection& c) {
              c.closed_within(60'000);
              return false;
            },
            504, "upstream_timeout"},
        Bad{"Dribbles",
            [](const auto&, Connection& c) {
              c.send("HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n{");
              c.closed_within(60'000);
              return false;
            },
            504, "upstream_timeout"},
        Bad{"TooLarge", answers(reply(std::string(100'000, ' '))), 502, "upstream_reply_too_large"},
        Bad{"HugeHeader",
            [](const auto&, Connection& c) {
              c.send("HTTP/1.1 200 OK\r\nx: " + std::string(200'000, 'x'));
              return false;
            },
            502, "upstream_"},
        Bad{"Gzip", answers("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc"), 502,
            "upstream_bad_reply"}),
    [](const auto& i) { return std::string(i.param.name); });

TEST_P(BadUpstream, IsAnErrorInOurShapeAndTheGatewayLivesOn) {
  const Bad& bad = GetParam();
  FakeUpstream up(bad.handler);
  TestGateway g;
  auto& u = g.add_upstream(up.port());
  // Only who waits for the end of its time meets it, however slow this machine is.
  u.connect_timeout = Duration(60);
  u.first_byte_timeout = u.idle_timeout = Duration(bad.status == 504 ? 0.3 : 60);
  u.max_reply = Bytes(50'000);
  g.start();
  for (const auto body : {hello, hello_stream}) {
    const auto r = g.chat(body);
    EXPECT_EQ(r.status, bad.status) << r.body;
    const Json j = parse_json(r.body);
    EXPECT_THAT(j.at("error").text_or("code", ""), HasSubstr(bad.code)) << r.body;
    EXPECT_THAT(r.body, Not(HasSubstr("sk-123")));
  }
  const auto a = g.answer(2);
  ASSERT_TRUE(a);
  EXPECT_EQ(a->status, AnswerStatus::error);
  EXPECT_FALSE(a->error.empty());
  EXPECT_EQ(g.get("/healthz").status, 200);
  EXPECT_EQ(g.gateway->upstreams()[0]->in_flight.load(), 0);
}

TEST(Gateway, ADeadUpstreamIsSaidAtOnce) {
  std::uint16_t port;
  {
    FakeUpstream gone(answers(""));
    port = gone.port();
  }
  TestGateway g;
  g.add_upstream(port);
  g.start();
  const auto r = g.chat(hello);
  EXPECT_EQ(r.status, 502);
  EXPECT_THAT(r.body, HasSubstr("upstream_unreachable"));
  // Nothing ran there, so nothing is charged.
  const auto a = g.answer();
  ASSERT_TRUE(a);
  EXPECT_EQ(a->status, AnswerStatus::error);
  EXPECT_EQ(a->energy.value().base(), 0);
}

TEST(Gateway, AnOpenAiErrorIsPassedOn) {
  const std::string body = R"({"error":{"message":"slow down","type":"rate_limit_error","code":"rate_limit"}})";
  FakeUpstream up(answers("HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\ncontent-length: " +
                          std::to_string(body.size()) + "\r\n\r\n" + body));
  TestGateway g;
  g.add_upstream(up.port());
  g.start();
  const auto r = g.chat(hello);
  EXPECT_EQ(r.status, 429);
  EXPECT_EQ(r.body, body);
  EXPECT_EQ(r.header("retry-after"), "7");
}

TEST(Gateway, AnErrorInTheFirstEventIsNoSuccess) {
  FakeUpstream up(streams({"data: {\"error\":{\"message\":\"no room\"}}\n\n"}));
  TestGateway g;
  g.add_upstream(up.port());
  g.start();
  const auto r = g.chat(hello_stream);
  EXPECT_EQ(r.status, 502);
  EXPECT_THAT(r.body, HasSubstr("no room"));
}

TEST(Gateway, AFailureThatComesWithTheFirstWordsComesAfterThem) {
  for (const std::string then : {"data: {\"error\":{\"message\":\"gone\"}}\n\n", "data: not json\n\n"}) {
    FakeUpstream up([&](const FakeUpstream::Request&, Connection& c) {
      return c.send(std::string(stream_head) + chunk(": hi\n\n" + delta("He") + delta("llo") + then));
    });
    TestGateway g;
    g.add_upstream(up.port());
    g.start();
    const auto r = g.chat(hello_stream);
    EXPECT_EQ(r.status, 200);
    EXPECT_TRUE(r.whole);
    EXPECT_TRUE(r.body.starts_with(": hi\n\n" + delta("He") + delta("llo") + "data: {\"error\":{")) << r.body;
    EXPECT_EQ(g.answer()->status, AnswerStatus::error);
  }
}

TEST(Gateway, AFailureBeforeTheFirstWordIsAStatus) {
  FakeUpstream up([&](const FakeUpstream::Request&, Connection& c) {
    return c.send(std::string(stream_head) + chunk(": hi\n\ndata: {\"error\":{\"message\":\"gone\"}}\n\n"));
  });
  TestGateway g;
  g.add_upstream(up.port());
  g.start();
  const auto r = g.chat(hello_stream);
  EXPECT_EQ(r.status, 502);
  EXPECT_THAT(r.body, HasSubstr("gone"));
}

TEST(Gateway, AStreamThatBreaksOffSaysSo) {
  for (const std::string then : {"", "data: {\"error\":{\"message\":\"gone\"}}\n\n", "data: not json\n\n"}) {
    std::atomic<bool> read{false};
    FakeUpstream up([&](const FakeUpstream::Request&, Connection& c) {
      c.send(stream_head);
      c.send(chunk(delta("Hi")));
      for (int i = 0; i < 1000 && !read; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
      if (!then.empty()) c.send(chunk(then));
      return false;
    });
    TestGateway g;
    g.add_upstream(up.port());
    g.start();
    Client c(g.port());
    c.post("/v1/chat/completions", hello_stream);
    ASSERT_TRUE(c.wait_for("Hi"));
    read = true;
    const auto r = c.read();
    EXPECT_EQ(r.status, 200);
    EXPECT_TRUE(r.body.starts_with(delta("Hi")));
    EXPECT_THAT(r.body, HasSubstr("data: {\"error\":{"));
    EXPECT_THAT(r.body, Not(HasSubstr("[DONE]")));
    const auto a = g.answer();
    ASSERT_TRUE(a);
    EXPECT_EQ(a->status, AnswerStatus::error);
    EXPECT_GT(a->joules.value, 0);
    EXPECT_TRUE(a->tokens_estimated);
  }
}

TEST(Gateway, AReaderWhoLeavesIsWasteAndTheUpstreamIsStopped) {
  std::atomic<bool> stopped{false};
  FakeUpstream up([&](const FakeUpstream::Request&, Connection& c) {
    c.send(stream_head);
    c.send(chunk(delta("one")));
    c.send(chunk(delta("two")));
    stopped = c.closed_within(8000);
    return false;
  });
  TestGateway g;
  g.add_upstream(up.port());
  g.start();
  {
    Client c(g.port());
    c.post("/v1/chat/completions", hello_stream);
    ASSERT_TRUE(c.wait_for("two"));
  }
  const auto a = g.answer();
  ASSERT_TRUE(a);
  EXPECT_EQ(a->status, AnswerStatus::cancelled);
  EXPECT_EQ(a->tokens_out, 2);
  EXPECT_GT(a->joules.value, 0);
  for (int i = 0; i < 500 && !stopped; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(stopped);
  EXPECT_THAT(g.get("/metrics").body, HasSubstr("status=\"cancelled\"} 1"));
  EXPECT_THAT(g.get("/api/v1/line").body, HasSubstr("\"waste\""));
}

TEST(Gateway, AReaderWhoLeavesBeforeTheAnswerIsNoticedToo) {
  FakeUpstream up([&](const FakeUpstream::Request&, Connection& c) {
    c.closed_within(8000);
    return false;
  });
  TestGateway g;
  g.add_upstream(up.port());
  g.start();
  {
    Client c(g.port());
    c.post("/v1/chat/completions", hello);
    for (int i = 0; i < 500 && up.requests() == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  const auto a = g.answer();
  ASSERT_TRUE(a);
  EXPECT_EQ(a->status, AnswerStatus::cancelled);
}

TEST(Gateway, RequestsThatCannotBe) {
  TestGateway g;
  g.start();
  struct Case {
    std::string body;
    int status;
    const char* says;
  };
  for (const auto& c :
       {Case{"", 400, "empty"}, Case{"{", 400, "JSON"}, Case{"[]", 400, "object"},
        Case{"{\"model\":\"\xff\"}", 400, "UTF-8"},
        Case{R"({"model":"glow-xxl","messages":[{"role":"user","content":"Hi"}]})", 404, "model_not_found"},
        Case{R"({"model":"babbler","messages":[]})", 400, "messages"}, Case{R"({"model":"babbler"})", 400, "messages"},
        Case{R"({"model":"babbler","messages":[{"role":"user","content":"Hi"}],"max_tokens":-1})", 400, "max_tokens"},
        Case{R"({"model":"babbler","messages":[{"role":"user","content":"Hi"}],"temperature":9})", 400, "temperature"},
        Case{R"({"model":"babbler","messages":[{"role":"user","content":")" + std::string(5000, 'x') + R"("}]})", 400,
             ""}}) {
    const auto r = g.chat(c.body);
    EXPECT_EQ(r.status, c.status) << c.body.substr(0, 80) << "\n" << r.body;
    const Json error = parse_json(r.body).at("error");
    EXPECT_THAT(r.body, HasSubstr(c.says));
    EXPECT_TRUE(error.find("message") && error.find("type") && error.find("param") && error.find("code"));
  }
  EXPECT_EQ(g.get("/v1/chat/completions").status, 405);
  EXPECT_EQ(g.get("/v1/nonsense").status, 404);
  EXPECT_EQ(g.get("/nonsense").status, 404);
  EXPECT_EQ(g.get("/api/v1/answers?limit=0").status, 400);
  EXPECT_EQ(g.get("/api/v1/answers?limit=x").status, 400);
  EXPECT_EQ(g.get("/api/v1/answers/none").status, 404);
  EXPECT_EQ(g.get("/%zz").status, 400);
  EXPECT_EQ(g.get("/../etc/passwd").status, 400);
}

}  // namespace
}  // namespace wattline::serve::tests
