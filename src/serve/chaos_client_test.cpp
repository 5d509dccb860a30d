// Clients that are slow, vanish, or say no more, in each phase of a request: what they see, and what the account gets.
#include "serve/chaos_client.h"

namespace wattline::serve::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string head = "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n";

TEST(ChaosClient, ASlowHeaderIsEndedInItsTime) {
  House h;
  h.g.config.limits.header_timeout = Duration(0.3);
  h.start();
  {
    auto c = h.client();
    trickle(c, head + "x-slow: loris\r\nx-slow: loris\r\n");
    const auto r = c.read();
    EXPECT_EQ(r.status, 408);
    EXPECT_EQ(code_of(r), "request_timeout");
    EXPECT_EQ(r.header("connection"), "close");
    EXPECT_TRUE(c.connection().closed_within(10'000));
  }
  EXPECT_EQ(h.up.requests(), 0);
  EXPECT_THAT(h.rows(), IsEmpty());
}

TEST(ChaosClient, ASlowBodyIsEndedInItsTime) {
  for (const char* framing : {"content-length: 1000000\r\n\r\n", "transfer-encoding: chunked\r\n\r\nf4240\r\n"}) {
    SCOPED_TRACE(framing);
    House h;
    h.g.config.limits.body_timeout = Duration(0.3);
    h.start();
    {
      auto c = h.client();
      c.send(head + framing);
      trickle(c, hello);
      const auto r = c.read();
      EXPECT_EQ(r.status, 408);
      EXPECT_EQ(code_of(r), "request_timeout");
      EXPECT_TRUE(c.connection().closed_within(10'000));
    }
    EXPECT_EQ(h.up.requests(), 0);
    EXPECT_THAT(h.rows(), IsEmpty());
  }
}

TEST(ChaosClient, WhoNeverReadsAStreamIsLeftAndTheUpstreamToo) {
  std::atomic<bool> cut{false};
  House* house = nullptr;
  House h([&](const FakeUpstream::Request& r, Connection& c) {
    if (house->well) return serve_well(r, c);
    c.send(stream_head);
    const std::string event = chunk(delta(std::string(20'000, 'x')));
    while (c.send(event)) {}
    cut = true;
    return false;
  });
  house = &h;
  h.g.config.limits.write_timeout = Duration(0.3);
  h.start();
  {
    auto c = h.client();
    c.post("/v1/chat/completions", hello_stream);
    EXPECT_TRUE(comes_true([&] { return cut.load(); }));
    EXPECT_TRUE(c.connection().closed_within(10'000));
  }
  const auto rows = h.rows();
  expect_cancelled(rows);
  EXPECT_GT(rows.at(0).tokens_out, 0);
}

TEST(ChaosClient, WhoNeverReadsAWholeReplyIsLeft) {
  const std::string big = R"({"choices":[{"message":{"role":"assistant","content":")" + std::string(30'000'000, 'x') +
                          R"("},"finish_reason":"stop"}],"usage":{"prompt_tokens":11,"completion_tokens":5}})";
  House* house = nullptr;
  House h([&](const FakeUpstream::Request& r, Connection& c) {
    return house->well ? serve_well(r, c) : c.send(reply(big));
  });
  house = &h;
  h.g.config.limits.write_timeout = Duration(0.3);
  h.start();
  {
    auto c = h.client();
    c.post("/v1/chat/completions", hello);
    ASSERT_TRUE(comes_true([&] { return h.g.sink->facts().size() == 1; }));
    EXPECT_TRUE(comes_true([&] { return h.g.gateway->connections == 0; }));
    const auto r = c.read();
    EXPECT_FALSE(r.whole);  // less than was declared
  }
  const auto rows = h.rows();  // it was made, whoever reads it
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(label(rows[0], "status"), "ok");
  EXPECT_EQ(rows[0].tokens_out, 5);
}

// By an end of the connection and by a reset.
void vanish(Client& c, bool reset) {
  if (reset) c.connection().reset();
  else c.connection().close();
}

TEST(ChaosClient, WhoVanishesBeforeItHasAskedCostsNothing) {
  for (const bool reset : {false, true})
    for (const std::string& said :
         {std::string(), std::string("POST /v1/ch"), head,
          head + "content-length: 500\r\n\r\n{\"model\":", head + "transfer-encoding: chunked\r\n\r\n5\r\n{\"mod",
          head + "expect: 100-continue\r\ncontent-length: 500\r\n\r\n"}) {
      SCOPED_TRACE(said);
      House h;
      h.start();
      {
        auto c = h.client();
        c.send(said);
        ASSERT_TRUE(comes_true([&] { return h.g.gateway->connections == 1; }));
        vanish(c, reset);
      }
      EXPECT_EQ(h.up.requests(), 0);
      EXPECT_THAT(h.rows(), IsEmpty());
    }
}

TEST(ChaosClient, WhoVanishesWhileItsUpstreamWorksCancelsItAndIsCounted) {
  for (const bool reset : {false, true})
    for (const bool stream : {false, true})
      for (const bool says_more : {false, true}) {  // further bytes, so that its end is not the next thing to read
        SCOPED_TRACE(testing::Message() << reset << stream << says_more);
        std::atomic<bool> cut{false};
        House* house = nullptr;
        House h([&](const FakeUpstream::Request& r, Connection& c) {
          if (house->well) return serve_well(r, c);
          cut = c.closed_within(60'000);
          return false;
        });
        house = &h;
        h.start();
        {
          auto c = h.client();
          c.post("/v1/chat/completions", stream ? hello_stream : hello);
          if (says_more) c.send("GET /healthz HTTP/1.1\r\n");
          ASSERT_TRUE(comes_true([&] { return h.up.requests() == 1; }));
          vanish(c, reset);
        }
        EXPECT_TRUE(comes_true([&] { return cut.load(); }));
        expect_cancelled(h.rows());
      }
}

TEST(ChaosClient, WhoVanishesInTheMiddleOfAStreamCancelsItAndIsCounted) {
  for (const bool reset : {false, true})
    for (const bool silent : {false, true}) {  // whether the upstream says anything further
      SCOPED_TRACE(testing::Message() << reset << silent);
      std::atomic<bool> cut{false};
      House* house = nullptr;
      House h([&](const FakeUpstream::Request& r, Connection& c) {
        if (house->well) return serve_well(r, c);
        c.send(stream_head);
        c.send(chunk(delta("Hel")));
        if (silent) cut = c.closed_within(60'000);
        while (!cut && c.send(chunk(delta("x")))) std::this_thread::sleep_for(std::chrono::milliseconds(5));
        cut = true;
        return false;
      });
      house = &h;
      h.start();
      {
        auto c = h.client();
        c.post("/v1/chat/completions", hello_stream);
        ASSERT_TRUE(c.wait_for("Hel"));
        vanish(c, reset);
      }
      EXPECT_TRUE(comes_true([&] { return cut.load(); }));
      const auto rows = h.rows();
      expect_cancelled(rows);
      EXPECT_GE(rows.at(0).tokens_out, 1);
    }
}

TEST(ChaosClient, WhoVanishesFromTheBuiltInModelStopsIt) {
  for (const bool stream : {false, true}) {
    House h;
    h.g.config.builtin.workers = 1;
    h.start();
    const std::string ask = std::string(R"({"model":"babbler","messages":[{"role":"user","content":"Hi"}],)") +
                            R"("max_tokens":200,"stream":)" + (stream ? "true}" : "false}");
    for (int i = 0; i < 8; ++i) {  // more than are generated at once
      auto c = h.client();
      c.post("/v1/chat/completions", ask);
      ASSERT_TRUE(comes_true([&] { return h.g.gateway->requests == i + 1; }));
      vanish(c, i % 2 == 0);
    }
    ASSERT_TRUE(comes_true([&] { return h.g.gateway->connections == 0; }));
    const auto rows = h.rows();
    EXPECT_EQ(rows.size(), 8u);
    for (const auto& f : rows) {
      EXPECT_THAT(label(f, "status"), testing::AnyOf("cancelled", "ok"));
      EXPECT_EQ(label(f, "upstream"), "builtin");
    }
  }
}

}  // namespace
}  // namespace wattline::serve::tests
