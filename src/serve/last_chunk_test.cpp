// The end of a chunked body, byte by byte: an empty body's is shorter than Beast's parser thinks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/gateway_fixture.h"

namespace wattline::serve::tests {
namespace {

constexpr std::string_view last_chunk = "0\r\n\r\n";

template <class C>
void send_slowly(C& c, std::string_view bytes) {
  for (const char b : bytes) {
    c.send(std::string_view(&b, 1));
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

TEST(LastChunk, AClientsThatComesByteByByteIsARequestWithoutABody) {
  TestGateway g;
  g.start();
  Client c(g.port());
  c.send("POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n");
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  send_slowly(c, last_chunk);
  EXPECT_EQ(c.read().status, 400);
}

TEST(LastChunk, AnUpstreamsThatComesByteByByteIsAReplyWithoutABody) {
  FakeUpstream up([](const FakeUpstream::Request&, Connection& c) {
    c.send("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    send_slowly(c, last_chunk);
    return true;
  });
  TestGateway g;
  g.add_upstream(up.port());
  g.start();
  Client c(g.port());
  c.post("/v1/chat/completions", R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}]})");
  EXPECT_EQ(c.read().status, 502);
}

}  // namespace
}  // namespace wattline::serve::tests
