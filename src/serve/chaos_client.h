// For tests: one gateway before one upstream, and what must hold after a client that misbehaved.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/chaos_fixture.h"

namespace wattline::serve::tests {

// The error's code in a reply of ours; "" where it is none.
inline std::string code_of(const Response& r) {
  if (r.body.empty() || r.body[0] != '{') return "";
  const Json j = parse_json(r.body);
  const Json* e = j.find("error");
  return e && e->is_object() ? e->text_or("code", "") : "";
}

struct House {
  explicit House(FakeUpstream::Handler handler = serve_well) : up(std::move(handler)) {
    auto& u = g.add_upstream(up.port());
    u.connect_timeout = u.first_byte_timeout = u.idle_timeout = Duration(60);
  }
  void start() { g.start(); }
  Client client() { return Client(g.port()); }
  // Waits until nobody is connected and nothing is under way, looks whether the figures say so and whether the next
  // client is served, and gives the rows that the ledger had before it came.
  std::vector<Fact> rows(bool next_is_served = true) {
    EXPECT_TRUE(comes_true([&] { return g.gateway->connections == 0; })) << g.gateway->connections;
    EXPECT_TRUE(comes_true([&] { return g.gateway->upstreams()[0]->in_flight == 0; }));
    const auto out = g.sink->facts();
    const std::string figures = g.get("/metrics").body;
    EXPECT_NE(figures.find("wattline_connections 1\n"), std::string::npos);  // who asks for them
    for (const char* at : {"up0", "builtin"})
      EXPECT_NE(figures.find("wattline_in_flight_requests{upstream=\"" + std::string(at) + "\"} 0\n"),
                std::string::npos);
    well = true;
    EXPECT_EQ(g.get("/healthz").status, 200);
    if (!next_is_served) return out;
    const auto next = g.chat(hello);
    EXPECT_EQ(next.status, 200) << next.body;
    return out;
  }
  TestGateway g;
  std::atomic<bool> well{false};  // for handlers: serve well from now on
  FakeUpstream up;
};

// Bytes of `text`, again and again, one at a time, until something comes back or nothing is taken any more.
inline void trickle(Client& c, std::string_view text) {
  for (std::size_t i = 0; i < 100'000; ++i) {
    pollfd p{c.connection().fd(), POLLIN, 0};
    if (::poll(&p, 1, 5) != 0 || !c.send(text.substr(i % text.size(), 1))) return;
  }
}
// Blocks of `text` likewise, as fast as they are taken; how many bytes were.
inline std::size_t pour(Client& c, std::string_view text, std::size_t most) {
  std::size_t n = 0;
  while (n < most) {
    pollfd p{c.connection().fd(), POLLIN, 0};
    if (::poll(&p, 1, 0) != 0 || !c.send(text)) break;
    n += text.size();
  }
  return n;
}

// One row of an answer whose client has gone: what was spent until then is in it.
inline void expect_cancelled(const std::vector<Fact>& rows) {
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(label(rows[0], "status"), "cancelled");
  EXPECT_EQ(label(rows[0], "attempt"), "");
  EXPECT_GT(rows[0].tokens_in, 0);
  EXPECT_GT(rows[0].energy.value().base(), 0);
}

}  // namespace wattline::serve::tests
