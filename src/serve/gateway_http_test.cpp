// The gateway as an HTTP server: limits, time-outs, who may ask, built-in models, start and stop.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/json.h"
#include "serve/gateway_fixture.h"

namespace wattline::serve::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view ask = R"({"model":"babbler","messages":[{"role":"user","content":"Hi"}],"max_tokens":8})";
constexpr std::string_view ask_stream =
    R"({"model":"babbler","messages":[{"role":"user","content":"Hi"}],"max_tokens":8,"stream":true,"stream_options":{"include_usage":true}})";

Response raw(TestGateway& g, std::string_view text) {
  Client c(g.port());
  c.send(text);
  return c.read();
}

TEST(GatewayHttp, TheBuiltInModelAnswers) {
  TestGateway g;
  g.start();
  const auto r = g.chat(ask);
  ASSERT_EQ(r.status, 200) << r.body;
  const Json j = parse_json(r.body);
  EXPECT_EQ(j.at("object").as_string(), "chat.completion");
  EXPECT_EQ(j.at("choices").as_array()[0].at("message").at("role").as_string(), "assistant");
  EXPECT_GT(j.at("usage").at("prompt_tokens").as_integer(), 0);
  EXPECT_GT(j.at("usage").at("wattline").at("energy").at("value").as_number(), 0);
  EXPECT_EQ(r.header("x-wattline-upstream"), "builtin");
  const auto a = g.answer();
  ASSERT_TRUE(a);
  EXPECT_NEAR((a->prefill + a->decode).base(), a->joules.value, 1e-9 * a->joules.value);
}

TEST(GatewayHttp, TheBuiltInModelStreams) {
  TestGateway g;
  g.start();
  const auto r = g.chat(ask_stream);
  EXPECT_EQ(r.status, 200);
  EXPECT_TRUE(r.whole);
  EXPECT_TRUE(r.body.ends_with("data: [DONE]\n\n")) << r.body;
  EXPECT_THAT(r.body, HasSubstr("chat.completion.chunk"));
  EXPECT_THAT(r.body, HasSubstr("\"wattline\":{\"energy\""));
}

TEST(GatewayHttp, AReaderOfTheBuiltInModelWhoLeavesStopsIt) {
  TestGateway g;
  g.config.builtin.workers = 1;
  g.start();
  for (int i = 0; i < 4; ++i) {
    Client c(g.port());
    c.post("/v1/chat/completions", ask_stream);
    c.connection().reset();
  }
  EXPECT_EQ(g.chat(ask).status, 200);
  EXPECT_TRUE(g.answer(5));
}

TEST(GatewayHttp, AFullQueueIsSaid) {
  TestGateway g;
  g.config.builtin.workers = 1;
  g.config.builtin.queue = 0;
  g.start();
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<Client>(g.port()));
    clients.back()->post("/v1/chat/completions",
                         R"({"model":"babbler","messages":[{"role":"user","content":"Hi"}],"max_tokens":200})");
  }
  int good = 0, busy = 0;
  for (auto& c : clients) {
    const auto r = c->read();
    good += r.status == 200;
    busy += r.status == 429;
    if (r.status == 429) {
      EXPECT_FALSE(r.header("retry-after").empty());
    }
  }
  EXPECT_GE(good, 1);
  EXPECT_EQ(good + busy, 20);
}

TEST(GatewayHttp, ListsItselfToItsReaders) {
  TestGateway g;
  g.parts.routes = std::make_shared<Routes>(Routes{
      {{"GET", "/",
        [](const HttpRequest&) {
          return HttpReply{200, "text/html", {}, "page"};
        }},
       {"*", "/api/v1/",
        [](const HttpRequest& r) {
          return HttpReply{200, "text/plain", {{"x-own", "1"}}, r.method + r.query.at("a") + r.body};
        }},
       {"GET", "/api/v1/fails", [](const HttpRequest&) -> HttpReply { throw Error(ErrorKind::denied, "no"); }}}});
  g.start();
  const Json models = parse_json(g.get("/v1/models").body);
  EXPECT_EQ(models.at("data").as_array()[0].at("id").as_string(), "babbler");
  EXPECT_EQ(g.get("/v1/models/babbler").status, 200);
  EXPECT_EQ(g.get("/v1/models/nobody").status, 404);
  const Json status = parse_json(g.get("/api/v1/status").body);
  EXPECT_EQ(status.at("place").at("code").as_string(), "FR");
  EXPECT_TRUE(status.at("models").as_array()[0].at("builtin").as_bool());
  EXPECT_EQ(g.get("/readyz").body, "ready\n");
  g.chat(ask);
  EXPECT_EQ(parse_json(g.get("/api/v1/answers?limit=5").body).at("answers").as_array().size(), 1u);
  EXPECT_FALSE(parse_json(g.get("/api/v1/line").body).at("links").as_array().empty());
  const auto metrics = g.get("/metrics").body;
  EXPECT_THAT(metrics, HasSubstr("wattline_answers_total{model=\"babbler\",upstream=\"builtin\",status=\"ok\"} 1"));
  EXPECT_THAT(metrics, Not(HasSubstr("nan")));
  // Other rooms' routes, on the worker pool.
  EXPECT_EQ(g.get("/").body, "page");
  EXPECT_EQ(g.get("/api/v1/fails").status, 403);
  Client c(g.port());
  c.post("/api/v1/x?a=b", "body");
  const auto r = c.read();
  EXPECT_EQ(r.body, "POSTbbody");
  EXPECT_EQ(r.header("x-own"), "1");
}

TEST(GatewayHttp, WatchersAreTold) {
  TestGateway g;
  g.start();
  Client watcher(g.port());
  watcher.get("/api/v1/events");
  ASSERT_TRUE(watcher.wait_for(": wattline"));
  g.chat(ask);
  EXPECT_TRUE(watcher.wait_for("event: answer\ndata: {\"id\":\"wl-"));
}

TEST(GatewayHttp, LimitsOnBodyAndHeader) {
  TestGateway g;
  g.config.limits.body = Bytes(1000);
  g.config.limits.header = Bytes(2000);
  g.start();
  const auto big = g.chat(std::string(5000, 'x'));
  EXPECT_EQ(big.status, 413);
  EXPECT_THAT(big.body, HasSubstr("body_too_large"));
  // By chunks, whose total nobody declares.
  std::string chunked = "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n";
  for (int i = 0; i < 5; ++i) chunked += chunk(std::string(400, 'x'));
  EXPECT_EQ(raw(g, chunked + "0\r\n\r\n").status, 413);
  EXPECT_EQ(g.get("/healthz", "x-long: " + std::string(3000, 'x') + "\r\n").status, 431);
  std::string many;
  for (int i = 0; i < 500; ++i) many += "x-" + std::to_string(i) + ": y\r\n";
  EXPECT_EQ(g.get("/healthz", many).status, 431);
  EXPECT_EQ(g.get("/healthz").status, 200);
}

TEST(GatewayHttp, WhatIsNotHttpIsRefused) {
  TestGateway g;
  g.start();
  for (const char* text :
       {"\x16\x03\x01\x02\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx",
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET http://a/ HTTP/1.1\r\nhost: localhost\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nhost: localhost\r\nhost: evil\r\n\r\n",
        "POST /v1/models HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"}) {
    const auto r = raw(g, text);
    EXPECT_EQ(r.status, 400) << text << r.body;
  }
  {
    Client c(g.port());  // cut in the middle of the header
    c.send("GET / HT");
    c.connection().half_close();
    EXPECT_EQ(c.read().status, 0);
  }
  EXPECT_EQ(g.get("/healthz").status, 200);
}

TEST(GatewayHttp, TheSlowAreEnded) {
  TestGateway g;
  g.config.limits.header_timeout = g.config.limits.body_timeout = Duration(0.2);
  g.config.limits.idle_timeout = Duration(0.4);
  g.start();
  Client header(g.port()), body(g.port()), idle(g.port());
  header.send("GET /healthz HTT");
  body.send("POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{");
  EXPECT_EQ(header.read().status, 408);
  EXPECT_EQ(body.read().status, 408);
  EXPECT_TRUE(idle.connection().closed_within(8000));
}

TEST(GatewayHttp, KeepsPipelinedRequestsInOrder) {
  TestGateway g;
  g.config.server.threads = 1;
  g.start();
  Client c(g.port());
  std::string three;
  for (const char* path : {"/healthz", "/v1/models", "/readyz"})
    three += "GET " + std::string(path) + " HTTP/1.1\r\nhost: localhost\r\n\r\n";
  c.send(three);
  EXPECT_EQ(c.read().body, "ok\n");
  EXPECT_THAT(c.read().body, HasSubstr("babbler"));
  EXPECT_EQ(c.read().body, "ready\n");
  c.send("HEAD /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
  ASSERT_TRUE(c.wait_for("content-length: 3\r\n"));
  EXPECT_TRUE(c.connection().closed_within(5000));
}

TEST(GatewayHttp, SpeaksHttp10AndExpect) {
  TestGateway g;
  g.start();
  const auto old = raw(g, "POST /v1/chat/completions HTTP/1.0\r\nhost: localhost\r\ncontent-length: " +
                              std::to_string(ask_stream.size()) + "\r\n\r\n" + std::string(ask_stream));
  EXPECT_EQ(old.status, 200);
  EXPECT_TRUE(old.header("transfer-encoding").empty());
  EXPECT_TRUE(old.body.ends_with("data: [DONE]\n\n"));
  Client c(g.port());
  c.send("POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: " +
         std::to_string(ask.size()) + "\r\n\r\n");
  ASSERT_TRUE(c.wait_for("HTTP/1.1 100 Continue\r\n\r\n"));
  c.send(ask);
  EXPECT_EQ(c.read().status, 200);
}

TEST(GatewayHttp, HostOriginAndKey) {
  TestGateway g;
  g.config.server.api_key = Secret("k3y");
  g.config.server.allowed_origins = {"https://app.example"};
  g.start();
  EXPECT_EQ(raw(g, "GET /healthz HTTP/1.1\r\nhost: evil.example\r\n\r\n").status, 403);
  EXPECT_EQ(g.get("/healthz", "origin: https://evil.example\r\n").status, 403);
  EXPECT_EQ(g.get("/v1/models").status, 401);
  EXPECT_EQ(g.get("/v1/models").header("www-authenticate"), "Bearer");
  EXPECT_EQ(g.chat(ask).status, 401);
  EXPECT_EQ(g.get("/v1/models", "X-Api-Key: k3y\r\n").status, 200);
  EXPECT_EQ(g.get("/v1/models", "x-api-key: k3\r\n").status, 401);
  EXPECT_EQ(g.get("/v1/models", "x-api-key: k3y\r\nauthorization: Bearer other\r\n").status, 401);
  EXPECT_EQ(g.get("/v1/models", "authorization: Bearer other\r\nx-api-key: k3y\r\n").status, 401);
  const auto good = g.get("/v1/models", "authorization: Bearer k3y\r\norigin: https://app.example\r\n");
  EXPECT_EQ(good.status, 200);
  EXPECT_EQ(good.header("access-control-allow-origin"), "https://app.example");
  const auto preflight =
      raw(g, "OPTIONS /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\norigin: https://app.example\r\n\r\n");
  EXPECT_EQ(preflight.status, 204);
  EXPECT_THAT(preflight.header("access-control-allow-headers"), HasSubstr("authorization"));
}

TEST(GatewayHttp, TooManyConnectionsAreTurnedAway) {
  TestGateway g;
  g.config.limits.connections = 3;
  g.start();
  std::vector<std::unique_ptr<Client>> held;
  for (int i = 0; i < 3; ++i) {
    held.push_back(std::make_unique<Client>(g.port()));
    held.back()->get("/healthz");
    ASSERT_EQ(held.back()->read().status, 200);
  }
  Client more(g.port());
  EXPECT_EQ(more.read().status, 503);
  held.clear();
  for (int i = 0; i < 100 && g.gateway->connections > 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(g.get("/healthz").status, 200);
}

TEST(GatewayHttp, StoppingLetsWhatIsUnderWayEnd) {
  std::atomic<bool> go{false};
  FakeUpstream up([&](const FakeUpstream::Request&, Connection& c) {
    for (int i = 0; i < 1000 && !go; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return c.send(
        reply(R"({"choices":[{"message":{"content":"late"}}],"usage":{"prompt_tokens":1,"completion_tokens":1}})"));
  });
  TestGateway g;
  g.add_upstream(up.port());
  g.config.server.threads = 1;  // so that the idle connection is told no earlier than the busy one
  g.start();
  Client busy(g.port()), idle(g.port());
  busy.post("/v1/chat/completions", R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}]})");
  idle.get("/healthz");
  idle.read();
  for (int i = 0; i < 500 && up.requests() == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  std::thread stopper([&] { g.server->stop(); });
  EXPECT_TRUE(idle.connection().closed_within(5000));
  go = true;
  const auto r = busy.read();
  EXPECT_EQ(r.status, 200);
  EXPECT_THAT(r.body, HasSubstr("late"));
  EXPECT_EQ(r.header("connection"), "close");
  stopper.join();
  g.stop();
  EXPECT_EQ(g.sink->facts().size(), 1u);
}

TEST(GatewayHttp, StoppingDoesNotWaitForEver) {
  FakeUpstream up([](const FakeUpstream::Request&, Connection& c) {
    c.closed_within(20'000);
    return false;
  });
  TestGateway g;
  g.config.limits.drain = Duration(0.2);
  g.add_upstream(up.port());
  g.start();
  Client busy(g.port());
  busy.post("/v1/chat/completions", R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}]})");
  for (int i = 0; i < 500 && up.requests() == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  g.stop();
  EXPECT_EQ(busy.read().status, 0);
  ASSERT_TRUE(g.answer());
  EXPECT_EQ(g.answer()->status, AnswerStatus::cancelled);
}

TEST(GatewayHttp, ABusyPortIsAClearError) {
  TestGateway first;
  first.start();
  TestGateway second;
  second.config.server.listen.port = first.port();
  try {
    second.start();
    FAIL() << "two servers on one port";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::world);
    EXPECT_EQ(exit_code(e.kind()), 3);
    EXPECT_THAT(e.what(), HasSubstr("in use"));
    EXPECT_THAT(e.what(), HasSubstr(std::to_string(first.port())));
  }
}

TEST(GatewayHttp, NothingToServeIsAClearError) {
  TestGateway g;
  g.parts.models.clear();
  g.config.builtin.models.clear();
  if (!lm::builtin_names().empty()) g.config.builtin.enabled = false;
  EXPECT_THROW(g.start(), Error);
  TestGateway unknown;
  unknown.config.builtin.models = {"babler"};
  try {
    unknown.start();
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), HasSubstr("babbler"));
  }
}

}  // namespace
}  // namespace wattline::serve::tests
