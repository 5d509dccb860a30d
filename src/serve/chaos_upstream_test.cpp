// Upstreams that fail in every way that they can over a real socket: what the client sees and what the
// account gets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/chaos_fixture.h"

namespace wattline::serve::tests {
namespace {

using ::testing::HasSubstr;

struct Fault {
  const char* name;
  FakeUpstream::Handler handler;
  bool works;  // whether it may have begun to work at the question
  bool hangs = false;
};
std::vector<Fault> before_the_first_byte() {
  const auto closes_after = [](std::string text) {
    return [text](const FakeUpstream::Request&, Connection& c) {
      c.send(text);
      return false;
    };
  };
  return {
      {"closes without a reply", closes_after(""), true},
      {"resets",
       [](const FakeUpstream::Request&, Connection& c) {
         c.reset();
         return false;
       },
       true},
      {"closes its side and no more",
       [](const FakeUpstream::Request&, Connection& c) {
         c.half_close();
         return !c.closed_within(60'000);
       },
       true},
      {"garbage", closes_after("\x16\x03\x01 what is this\r\n\r\n"), true},
      {"half a header", closes_after("HTTP/1.1 200 OK\r\ncontent-ty"), true},
      {"header and no body",
       closes_after("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n"), true},
      {"less than content-length",
       closes_after("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{\"choices\":["),
       true},
      {"more than content-length",
       says("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n" + std::string(completion)),
       true},
      {"two lengths", says("HTTP/1.1 200 OK\r\ncontent-length: 9\r\ncontent-length: 10\r\n\r\n{\"a\": 123}"), true},
      {"a bad chunk", says("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n"), true},
      {"not JSON", says(reply("<html>hello</html>", "200 OK", "text/html")), true},
      {"compressed", says("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\nxx"), true},
      {"a stream without events", closes_after(std::string(stream_head) + "0\r\n\r\n"), true},
      {"half an event", closes_after(std::string(stream_head) + chunk("data: {\"choices\"")), true},
      {"an event that is not JSON", says(std::string(stream_head) + chunk("data: oops\n\n") + "0\r\n\r\n"), true},
      {"an error within a stream of status 200",
       says(std::string(stream_head) +
            chunk(": hi\n\ndata: {\"error\":{\"message\":\"out of memory\",\"code\":500}}\n\n") + "0\r\n\r\n"),
       true},
      {"never answers", [](const FakeUpstream::Request&, Connection& c) { return !c.closed_within(60'000); }, true,
       true},
      {"never goes on",
       [](const FakeUpstream::Request&, Connection& c) {
         c.send("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{");
         return !c.closed_within(60'000);
       },
       true, true},
      {"429", says(reply(R"({"error":{"message":"slow down"}})", "429 Too Many Requests")), false},
      {"502", says(reply("bad", "502 Bad Gateway", "text/plain")), false},
      {"503", says(reply("loading", "503 Service Unavailable", "text/plain")), false},
      {"504", says(reply("late", "504 Gateway Timeout", "text/plain")), false},
      {"the key is refused", says(reply(R"({"error":{"message":"who are you"}})", "401 Unauthorized")), false},
  };
}

TEST(ChaosUpstream, WhatFailsBeforeTheFirstByteIsAskedElsewhereAndCountedAsWaste) {
  for (const auto& fault : before_the_first_byte())
    for (const bool stream : {false, true}) {
      SCOPED_TRACE(std::string(fault.name) + (stream ? ", stream" : ""));
      Pair p(fault.handler);
      if (fault.hangs)
        p.g.config.upstreams[0].first_byte_timeout = p.g.config.upstreams[0].idle_timeout = Duration(0.3);
      p.g.start();
      const auto r = p.g.chat(stream ? hello_stream : hello);
      EXPECT_EQ(r.status, 200) << r.body;
      EXPECT_TRUE(r.whole);
      EXPECT_EQ(r.header("x-wattline-upstream"), "up1");
      if (stream) EXPECT_EQ(r.body, delta("Hel") + delta("lo.") + finish_event + done_event);
      else EXPECT_THAT(r.body, HasSubstr("Hello."));
      EXPECT_EQ(p.bad.requests(), 1);
      EXPECT_EQ(p.good.requests(), 1);
      p.g.stop();
      const auto facts = p.g.sink->facts();
      ASSERT_EQ(facts.size(), 2u);
      const auto& waste = facts[0];
      EXPECT_EQ(label(waste, "attempt"), "retried");
      EXPECT_EQ(label(waste, "status"), "error");
      EXPECT_EQ(label(waste, "upstream"), "up0");
      EXPECT_EQ(waste.energy.value().base() > 0, fault.works);
      EXPECT_EQ(label(facts[1], "attempt"), "");
      EXPECT_EQ(label(facts[1], "status"), "ok");
      EXPECT_EQ(facts[1].uid, r.header("x-wattline-answer-id"));
      EXPECT_EQ(waste.uid, facts[1].uid + "-1");
    }
}

TEST(ChaosUpstream, WhoCannotBeReachedCostsNothing) {
  std::uint16_t closed = 0;
  {
    FakeUpstream gone(serve_well);
    closed = gone.port();
  }
  for (const char* url : {"http://127.0.0.1:1/v1", "http://no-such-host.invalid/v1"}) {
    SCOPED_TRACE(url);
    Pair p(serve_well);
    auto& u = p.g.config.upstreams[0];
    u.url = parse_base_url(
        std::string(url).find(":1/") != std::string::npos ? "http://127.0.0.1:" + std::to_string(closed) + "/v1" : url,
        "test");
    p.g.start();
    const auto r = p.g.chat(hello);
    EXPECT_EQ(r.status, 200) << r.body;
    p.g.stop();
    const auto facts = p.g.sink->facts();
    ASSERT_EQ(facts.size(), 2u);
    EXPECT_EQ(label(facts[0], "attempt"), "retried");
    EXPECT_EQ(label(facts[0], "status"), "error");
    EXPECT_EQ(facts[0].tokens_in + facts[0].tokens_out, 0);
    EXPECT_EQ(facts[0].energy.value().base(), 0);
    EXPECT_EQ(label(facts[1], "status"), "ok");
  }
}

TEST(ChaosUpstream, AStreamThatHasBegunIsNeverBegunAgain) {
  std::atomic<bool> seen{false};
  const auto breaks = [&](std::string rest) {
    return [&seen, rest](const FakeUpstream::Request&, Connection& c) {
      c.send(stream_head);
      c.send(chunk(delta("Hel")));
      comes_true([&] { return seen.load(); });
      c.send(rest);
      if (rest.empty()) c.reset();
      return false;
    };
  };
  for (const auto& rest : {std::string(), chunk("data: {\"cho"), std::string("zz\r\n"),
                           chunk("data: {\"error\":{\"message\":\"out of memory\"}}\n\n")}) {
    SCOPED_TRACE(rest);
    seen = false;
    Pair p(breaks(rest));
    p.g.start();
    Client c(p.g.port());
    c.post("/v1/chat/completions", hello_stream);
    EXPECT_TRUE(c.wait_for("Hel"));
    seen = true;
    const auto r = c.read();
    EXPECT_EQ(r.status, 200);
    EXPECT_TRUE(r.body.starts_with(delta("Hel"))) << r.body;
    EXPECT_THAT(r.body, HasSubstr("\"error\""));
    EXPECT_THAT(r.body, Not(HasSubstr("lo.")));
    EXPECT_EQ(p.good.requests(), 0);
    p.g.stop();
    const auto facts = p.g.sink->facts();
    ASSERT_EQ(facts.size(), 1u);
    EXPECT_EQ(label(facts[0], "status"), "error");
    EXPECT_EQ(label(facts[0], "attempt"), "");
    EXPECT_GT(facts[0].energy.value().base(), 0);
  }
}

TEST(ChaosUpstream, CommentsAreNoAnswerYetButAreNotHeldBackForLong) {
  {
    Pair p([](const FakeUpstream::Request&, Connection& c) {
      c.send(stream_head);
      c.send(chunk(": working\n\n"));
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      c.send(chunk("data: {\"error\":{\"message\":\"out of memory\"}}\n\n"));
      return c.send("0\r\n\r\n");
    });
    p.g.start();
    const auto r = p.g.chat(hello_stream);
    EXPECT_EQ(r.status, 200);
    EXPECT_EQ(r.body, delta("Hel") + delta("lo.") + finish_event + done_event);
  }
  std::atomic<bool> seen{false};
  Pair p([&](const FakeUpstream::Request& r, Connection& c) {
    c.send(stream_head);
    while (!seen && c.send(chunk(": working\n\n"))) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    for (const auto& e : {delta("Hi"), finish_event, done_event}) c.send(chunk(e));
    return wants_stream(r) && c.send("0\r\n\r\n");
  });
  p.g.start();
  Client c(p.g.port());
  c.post("/v1/chat/completions", hello_stream);
  EXPECT_TRUE(c.wait_for(": working\n\n"));  // while nothing else has come
  seen = true;
  EXPECT_THAT(c.read().body, HasSubstr(delta("Hi")));
}

TEST(ChaosUpstream, AStreamThatStopsIsEndedWithinItsTime) {
  Pair p([](const FakeUpstream::Request&, Connection& c) {
    c.send(stream_head);
    c.send(chunk(delta("Hel")));
    return !c.closed_within(60'000);  // the gateway must hang up
  });
  p.g.config.upstreams[0].idle_timeout = Duration(0.3);
  p.g.start();
  const auto r = p.g.chat(hello_stream);
  EXPECT_EQ(r.status, 200);
  EXPECT_TRUE(r.body.starts_with(delta("Hel"))) << r.body;
  EXPECT_THAT(r.body, HasSubstr("took too long"));
  EXPECT_EQ(p.good.requests(), 0);
  p.g.stop();
  const auto facts = p.g.sink->facts();
  ASSERT_EQ(facts.size(), 1u);
  EXPECT_EQ(label(facts[0], "status"), "error");
  EXPECT_EQ(label(facts[0], "tokens"), "estimated");
  EXPECT_EQ(facts[0].tokens_out, 1);
  EXPECT_GT(facts[0].energy.value().base(), 0);
}

TEST(ChaosUpstream, ATrickleIsBoundedByTheTotalTime) {
  Pair p([](const FakeUpstream::Request&, Connection& c) {
    c.send(stream_head);
    for (int i = 0; i < 1000; ++i) {
      if (!c.send(chunk(delta("x")))) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
  });
  p.g.config.upstreams[0].total_timeout = Duration(1);
  p.g.start();
  const auto r = p.g.chat(hello_stream);
  EXPECT_TRUE(r.body.starts_with(delta("x")));
  EXPECT_THAT(r.body, HasSubstr("took too long"));
  EXPECT_EQ(p.good.requests(), 0);
  p.g.stop();
  const auto facts = p.g.sink->facts();
  ASSERT_EQ(facts.size(), 1u);
  EXPECT_EQ(label(facts[0], "status"), "error");
  EXPECT_EQ(label(facts[0], "tokens"), "estimated");
  EXPECT_GT(facts[0].tokens_out, 0);
  EXPECT_GT(facts[0].energy.value().base(), 0);
}

TEST(ChaosUpstream, WhatTheClientDidWrongIsToldAndNotTriedAgain) {
  const std::string words = R"({"error":{"message":"context too long","type":"invalid_request_error"}})";
  for (const char* status : {"400 Bad Request", "404 Not Found", "413 Payload Too Large", "422 Unprocessable Entity",
                             "500 Internal Server Error"}) {
    SCOPED_TRACE(status);
    Pair p(says(reply(words, status)));
    p.g.start();
    const auto r = p.g.chat(hello);
    EXPECT_EQ(r.status, std::atoi(status));
    EXPECT_EQ(r.body, words);
    EXPECT_EQ(p.good.requests(), 0);
    p.g.stop();
    const auto facts = p.g.sink->facts();
    ASSERT_EQ(facts.size(), 1u);
    EXPECT_EQ(label(facts[0], "status"), "error");
    EXPECT_EQ(label(facts[0], "attempt"), "");
    EXPECT_EQ(facts[0].energy.value().base(), 0);
  }
}

TEST(ChaosUpstream, AMemberThatSaysRetryAfterIsLeftAlone) {
  Pair p(says("HTTP/1.1 429 Too Many Requests\r\nretry-after: 30\r\ncontent-length: 2\r\n\r\n{}"));
  p.g.start();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(p.g.chat(hello).status, 200);
  EXPECT_EQ(p.bad.requests(), 1);
  EXPECT_EQ(p.good.requests(), 5);
  const Json member = p.pool().at("members").as_array().at(0);
  EXPECT_GT(member.at("rests_s").as_number(), 20);
  EXPECT_EQ(member.at("breaker").as_string(), "closed");  // to be busy is no fault
  p.g.stop();
  const auto facts = p.g.sink->facts();
  ASSERT_EQ(facts.size(), 6u);
  EXPECT_EQ(label(facts[0], "attempt"), "retried");
  EXPECT_EQ(facts[0].energy.value().base(), 0);
  for (std::size_t i = 1; i < facts.size(); ++i) EXPECT_EQ(label(facts[i], "status"), "ok");
}

TEST(ChaosUpstream, WhereAllSayRetryAfterTheClientIsTold) {
  const auto busy = says(
      "HTTP/1.1 429 Too Many Requests\r\nretry-after: 30\r\ncontent-length: 34\r\n\r\n{\"error\":{\"message\":\"slow "
      "down!\"}} ");
  Pair p(busy, busy);
  p.g.start();
  const auto first = p.g.chat(hello);
  EXPECT_EQ(first.status, 429);
  EXPECT_EQ(first.header("retry-after"), "30");
  const auto second = p.g.chat(hello);
  EXPECT_EQ(second.status, 429);
  EXPECT_THAT(second.body, HasSubstr("left alone"));
  EXPECT_NEAR(std::atoi(second.header("retry-after").c_str()), 30, 5);
  EXPECT_EQ(p.bad.requests() + p.good.requests(), 2);
  p.g.stop();
  const auto facts = p.g.sink->facts();  // of the first: a try and the answer; the second asked nobody
  ASSERT_EQ(facts.size(), 2u);
  EXPECT_EQ(label(facts[0], "attempt"), "retried");
  EXPECT_EQ(label(facts[1], "attempt"), "");
  for (const auto& f : facts) {
    EXPECT_EQ(label(f, "status"), "error");
    EXPECT_EQ(f.energy.value().base(), 0);
  }
}

TEST(ChaosUpstream, ASingleUpstreamIsAskedAgainWhereThatIsWished) {
  std::atomic<int> n{0};
  FakeUpstream up([&](const FakeUpstream::Request& r, Connection& c) {
    if (n++ < 2) return c.send("HTTP/1.1 503 Service Unavailable\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n");
    return serve_well(r, c);
  });
  TestGateway g;
  g.add_upstream(up.port());
  ModelConfig m;
  m.id = "llama-3.1-8b";
  m.balance.retry.most = 2;
  m.balance.retry.backoff = Duration(0.001);
  g.config.models = {m};
  g.start();
  EXPECT_EQ(g.chat(hello).status, 200);
  EXPECT_EQ(up.requests(), 3);
  g.stop();
  const auto facts = g.sink->facts();
  ASSERT_EQ(facts.size(), 3u);
  EXPECT_EQ(facts[1].uid, facts[2].uid + "-2");
}

TEST(ChaosUpstream, AStormIsNotMultiplied) {
  const auto overloaded = says(reply("{}", "503 Service Unavailable"));
  Pair p(overloaded, overloaded);
  p.g.config.upstreams[1].models[0].tier = 0;
  p.g.start();
  Client c(p.g.port());
  for (int i = 0; i < 200; ++i) {
    c.post("/v1/chat/completions", hello);
    EXPECT_EQ(c.read().status, 503);
  }
  EXPECT_LE(p.bad.requests() + p.good.requests(), 200 + 40 + 10 + 5);
  // One of both is left out, never both.
  int open = 0;
  const Json pool = p.pool();
  for (const auto& m : pool.at("members").as_array()) open += m.at("breaker").as_string() == "closed" ? 0 : 1;
  EXPECT_EQ(open, 1);
  EXPECT_THAT(p.g.get("/metrics").body,
              HasSubstr("wattline_upstream_breaker_opened_total{model=\"llama-3.1-8b\",upstream=\"up"));
  p.g.stop();
  int answers = 0, tries = 0;
  for (const auto& f : p.g.sink->facts()) {
    EXPECT_EQ(label(f, "status"), "error");
    EXPECT_EQ(f.energy.value().base(), 0);  // who is overloaded has not begun
    ++(label(f, "attempt").empty() ? answers : tries);
  }
  EXPECT_EQ(answers, 200);
  EXPECT_EQ(answers + tries, p.bad.requests() + p.good.requests());
}

TEST(ChaosUpstream, AMemberThatRecoversIsFoundByAProbe) {
  std::atomic<bool> well{false};
  Pair p([&](const FakeUpstream::Request& r, Connection& c) {
    if (well) return serve_well(r, c);
    c.reset();
    return false;
  });
  p.g.config.upstreams[0].breaker.open_for = p.g.config.upstreams[0].breaker.open_most = Duration(0.05);
  p.g.start();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(p.g.chat(hello).status, 200);
  EXPECT_GE(p.pool().at("members").as_array().at(0).at("opened").as_integer(), 1);
  well = true;
  EXPECT_TRUE(comes_true([&] { return p.g.chat(hello).header("x-wattline-upstream") == "up0"; }));
  EXPECT_EQ(p.pool().at("members").as_array().at(0).at("breaker").as_string(), "closed");
}

}  // namespace
}  // namespace wattline::serve::tests
