// Clients that vanish while they wait for others, and clients that close their side after the request and wait for
// the reply, as nc does.
#include "serve/chaos_client.h"

namespace wattline::serve::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view same =
    R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}],"temperature":0})";
constexpr std::string_view same_stream =
    R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}],"temperature":0,"stream":true})";

struct Gate {
  std::atomic<bool> open{false};
  void wait() {
    comes_true([&] { return open.load(); });
  }
};
// Holds what it is asked until the gate is open.
FakeUpstream::Handler held_by(Gate& gate) {
  return [&gate](const FakeUpstream::Request& r, Connection& c) {
    gate.wait();
    return serve_well(r, c);
  };
}
// A house with one seat before its model.
struct OneSeat : House {
  explicit OneSeat(Gate& gate) : House(held_by(gate)) {
    QueueConfig q;
    q.models = {"llama-*"};
    q.concurrent = 1;
    g.config.governance.queues = {q};
  }
  bool waiting(int n) {
    std::string figures;
    g.gateway->governor()->append_metrics(figures);
    return figures.find("wattline_queue_waiting{queue=\"llama-*\"} " + std::to_string(n) + "\n") != std::string::npos;
  }
};

TEST(ChaosWait, WhoVanishesFromTheQueueLeavesItAndCostsNothing) {
  for (const bool reset : {false, true}) {
    Gate gate;
    OneSeat h(gate);
    h.start();
    {
      auto first = h.client(), second = h.client();
      first.post("/v1/chat/completions", hello);
      ASSERT_TRUE(comes_true([&] { return h.up.requests() == 1; }));
      second.post("/v1/chat/completions", hello_stream);
      ASSERT_TRUE(comes_true([&] { return h.waiting(1); }));
      if (reset) second.connection().reset();
      else second.connection().close();
      EXPECT_TRUE(comes_true([&] { return h.waiting(0); }));
      gate.open = true;
      EXPECT_EQ(first.read().status, 200);
    }
    EXPECT_EQ(h.up.requests(), 1);
    const auto rows = h.rows();
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(label(rows[0], "status"), "ok");
  }
}

TEST(ChaosWait, AFollowerWhoVanishesEndsNobodysRun) {
  for (const auto ask : {same, same_stream})
    for (const bool reset : {false, true}) {
      Gate gate;
      House h(held_by(gate));
      h.g.config.cache.enabled = true;
      h.start();
      {
        auto leader = h.client(), follower = h.client();
        leader.post("/v1/chat/completions", ask);
        ASSERT_TRUE(comes_true([&] { return h.up.requests() == 1; }));
        follower.post("/v1/chat/completions", ask);
        const auto followers = [&] { return h.g.gateway->cache()->flights.followers(); };
        ASSERT_TRUE(comes_true([&] { return followers() == 1; }));
        if (reset) follower.connection().reset();
        else follower.connection().close();
        EXPECT_TRUE(comes_true([&] { return followers() == 0; }));
        gate.open = true;
        const auto r = leader.read();
        EXPECT_EQ(r.status, 200);
        EXPECT_TRUE(r.whole);
      }
      EXPECT_EQ(h.up.requests(), 1);
      const auto rows = h.rows();
      ASSERT_EQ(rows.size(), 2u);
      EXPECT_EQ(label(rows[0], "status"), "cancelled");  // the follower, for whom nothing was spent
      EXPECT_EQ(label(rows[0], "cache"), "single_flight");
      EXPECT_EQ(rows[0].energy.value().base(), 0);
      EXPECT_EQ(label(rows[1], "status"), "ok");
      EXPECT_GT(rows[1].energy.value().base(), 0);
    }
}

TEST(ChaosWait, AHalfClosedClientIsAnswered) {
  for (const bool stream : {false, true}) {
    Gate gate;
    House h(held_by(gate));
    h.start();
    {
      auto c = h.client();
      c.post("/v1/chat/completions", stream ? hello_stream : hello);
      c.connection().half_close();
      // It is asked whether it is still there, as HTTP allows.
      EXPECT_TRUE(c.wait_for("HTTP/1.1 100 Continue\r\n\r\n"));
      gate.open = true;
      const auto r = c.read();
      EXPECT_EQ(r.status, 200);
      EXPECT_TRUE(r.whole);
      EXPECT_THAT(r.body, HasSubstr(stream ? "[DONE]" : "Hello."));
      EXPECT_TRUE(c.connection().closed_within(10'000));
    }
    const auto rows = h.rows();
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(label(rows[0], "status"), "ok");
  }
}

TEST(ChaosWait, AHalfCloseInTheMiddleOfAStreamDoesNotEndIt) {
  Gate gate;
  House* house = nullptr;
  House h([&](const FakeUpstream::Request& r, Connection& c) {
    if (house->well) return serve_well(r, c);
    c.send(stream_head);
    c.send(chunk(delta("Hel")));
    gate.wait();
    for (const auto& e : {delta("lo."), finish_event, done_event}) c.send(chunk(e));
    return c.send("0\r\n\r\n");
  });
  house = &h;
  h.start();
  {
    auto c = h.client();
    c.post("/v1/chat/completions", hello_stream);
    ASSERT_TRUE(c.wait_for("Hel"));
    c.connection().half_close();
    EXPECT_TRUE(c.wait_for("\r\n:\n\n\r\n"));  // a comment, to see whether it is there
    gate.open = true;
    const auto r = c.read();
    EXPECT_TRUE(r.whole);
    EXPECT_EQ(r.body, delta("Hel") + ":\n\n" + delta("lo.") + finish_event + done_event);
  }
  const auto rows = h.rows();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(label(rows[0], "status"), "ok");
}

TEST(ChaosWait, AHalfClosedClientKeepsItsPlaceInTheQueueAndInTheFlight) {
  {
    Gate gate;
    OneSeat h(gate);
    h.start();
    {
      auto first = h.client(), second = h.client();
      first.post("/v1/chat/completions", hello);
      ASSERT_TRUE(comes_true([&] { return h.up.requests() == 1; }));
      second.post("/v1/chat/completions", hello);
      second.connection().half_close();
      EXPECT_TRUE(second.wait_for("HTTP/1.1 100 Continue\r\n\r\n"));
      EXPECT_TRUE(h.waiting(1));
      gate.open = true;
      EXPECT_EQ(first.read().status, 200);
      EXPECT_EQ(second.read().status, 200);
    }
    EXPECT_EQ(h.rows().size(), 2u);
  }
  Gate gate;
  House h(held_by(gate));
  h.g.config.cache.enabled = true;
  h.start();
  {
    auto leader = h.client(), follower = h.client();
    leader.post("/v1/chat/completions", same);
    ASSERT_TRUE(comes_true([&] { return h.up.requests() == 1; }));
    follower.post("/v1/chat/completions", same);
    follower.connection().half_close();
    EXPECT_TRUE(follower.wait_for("HTTP/1.1 100 Continue\r\n\r\n"));
    gate.open = true;
    EXPECT_EQ(leader.read().status, 200);
    EXPECT_EQ(follower.read().status, 200);
  }
  EXPECT_EQ(h.up.requests(), 1);
  const auto rows = h.rows();
  ASSERT_EQ(rows.size(), 2u);
  for (const auto& f : rows) EXPECT_EQ(label(f, "status"), "ok");
}

TEST(ChaosWait, AHalfClosedClientOfHttp10IsTakenToHaveGone) {
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
    c.send("POST /v1/chat/completions HTTP/1.0\r\nhost: localhost\r\ncontent-length: " + std::to_string(hello.size()) +
           "\r\n\r\n" + std::string(hello));
    ASSERT_TRUE(comes_true([&] { return h.up.requests() == 1; }));
    c.connection().half_close();
    EXPECT_TRUE(c.connection().closed_within(10'000));
  }
  EXPECT_TRUE(comes_true([&] { return cut.load(); }));
  expect_cancelled(h.rows());
}

TEST(ChaosWait, PipelinedRequestsBeforeAHalfCloseAreAllAnswered) {
  House h;
  h.start();
  {
    auto c = h.client();
    for (int i = 0; i < 10; ++i) c.post("/v1/chat/completions", i % 2 ? hello : hello_stream);
    c.connection().half_close();
    for (int i = 0; i < 10; ++i) {
      const auto r = c.read();
      EXPECT_EQ(r.status, 200) << i;
      EXPECT_TRUE(r.whole);
    }
    EXPECT_TRUE(c.connection().closed_within(10'000));
  }
  EXPECT_EQ(h.rows().size(), 10u);
}

}  // namespace
}  // namespace wattline::serve::tests
