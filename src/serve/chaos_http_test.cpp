// HTTP that is flooded, cut, bent and piled up: what the client sees, and that no upstream was asked for nothing.
#include "serve/chaos_client.h"

namespace wattline::serve::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string post = "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n";
const std::string chunked = post + "transfer-encoding: chunked\r\n\r\n";
const std::string end_of_chunks = "0\r\n\r\n";

std::string many(int n, const std::function<std::string(int)>& line) {
  std::string out;
  for (int i = 0; i < n; ++i) out += line(i);
  return out;
}

struct Sent {
  const char* name;
  std::string text;
  int status;
  const char* code;
};
// Each on a connection of its own: the status, our error, and the connection's end. `pour` sends for as long as
// nothing comes back.
void expect_refused(House& h, const std::vector<Sent>& all) {
  for (const auto& sent : all) {
    SCOPED_TRACE(sent.name);
    auto c = h.client();
    for (std::string_view rest = sent.text; !rest.empty(); rest.remove_prefix(std::min<std::size_t>(rest.size(), 8192)))
      if (pour(c, rest.substr(0, 8192), 1) == 0) break;
    const auto r = c.read();
    EXPECT_EQ(r.status, sent.status) << r.body;
    EXPECT_EQ(code_of(r), sent.code) << r.body;
    EXPECT_EQ(r.header("connection"), "close");
    EXPECT_TRUE(c.connection().closed_within(10'000));
  }
  EXPECT_EQ(h.up.requests(), 0);
  EXPECT_THAT(h.rows(), IsEmpty());
}

TEST(ChaosHttp, FloodsOfHeadersAreRefused) {
  House h;
  h.start();
  const std::string megabyte(1 << 20, 'x');
  expect_refused(
      h, {
             {"many fields", post + many(20'000, [](int i) { return "x-" + std::to_string(i) + ": y\r\n"; }) + "\r\n",
              431, "header_too_large"},
             {"many bytes",
              post + many(20, [](int i) { return "x-" + std::to_string(i) + ": " + std::string(1000, 'y') + "\r\n"; }) +
                  "\r\n",
              431, "header_too_large"},
             {"a line of 1 MB", post + "x-long: " + megabyte + "\r\n\r\n", 431, "header_too_large"},
             {"a name of 1 MB", post + megabyte + ": y\r\n\r\n", 431, "header_too_large"},
             {"a target of 1 MB", "GET /" + megabyte + " HTTP/1.1\r\nhost: localhost\r\n\r\n", 431, "header_too_large"},
             {"a line that never ends", post + "x-long: " + megabyte, 431, "header_too_large"},
             {"a folded line of 1 MB",
              post + "x-long: a\r\n" + many(20'000, [](int) { return " more of this and of that\r\n"; }) + "\r\n", 431,
              "header_too_large"},
         });
  // What is large and within the limit is served.
  EXPECT_EQ(h.g.get("/healthz", many(1000, [](int i) { return "x-" + std::to_string(i) + ": y\r\n"; })).status, 200);
}

TEST(ChaosHttp, WhatIsNoHeaderIsRefused) {
  House h;
  h.start();
  using namespace std::string_literals;
  const std::string body(hello), length = "content-length: " + std::to_string(body.size()) + "\r\n";
  expect_refused(
      h, {
             {"NUL in a value", post + "x: a\0b\r\n"s + length + "\r\n" + body, 400, "bad_http"},
             {"NUL in a name", post + "x\0y: a\r\n"s + length + "\r\n" + body, 400, "bad_http"},
             {"NUL in the target", "GET /health\0z HTTP/1.1\r\nhost: localhost\r\n\r\n"s, 400, "bad_http"},
             {"NUL before all", "\0GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"s, 400, "bad_http"},
             {"a bare LF", "POST /v1/chat/completions HTTP/1.1\nhost: localhost\n" + length + "\n" + body + "\r\n\r\n",
              400, "bad_http"},
             {"a bare CR", post + "x: a\rb\r\n" + length + "\r\n" + body, 400, "bad_http"},
             {"a space before the colon", post + "content-length : 5\r\n\r\nhello", 400, "bad_http"},
             {"no name", post + ": a\r\n\r\n", 400, "bad_http"},
             {"a sign before the length", post + "content-length: +5\r\n\r\nhello", 400, "bad_http"},
             {"a length below zero", post + "content-length: -5\r\n\r\nhello", 400, "bad_http"},
             {"a length in hex", post + "content-length: 0x5\r\n\r\nhello", 400, "bad_http"},
             {"a length of 2^64", post + "content-length: 18446744073709551616\r\n\r\nhello", 400, "bad_http"},
             {"lengths that differ", post + "content-length: 5, 6\r\n\r\nhello", 400, "bad_http"},
             {"no length in the length", post + "content-length: \r\n\r\nhello", 400, "bad_http"},
         });
}

// What a front server would read otherwise than this one is how requests are smuggled.
TEST(ChaosHttp, CodingsThatAreNotKnownAreRefused) {
  House h;
  h.start();
  const std::string hidden = "GET /v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n";
  std::vector<Sent> all;
  for (const char* coding : {"gzip", "identity", "xchunked", "chunked, gzip", "gzip, chunked", "chunked, chunked",
                             "chunked;q=1", "\"chunked\"",
                             "\x0b"
                             "chunked"})
    all.push_back({coding, post + "transfer-encoding: " + coding + "\r\n\r\n" + hidden, 400, "bad_http"});
  all.push_back({"twice", post + "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n" + hidden,
                 400, "bad_http"});
  all.push_back({"a length after it",
                 post + "transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n" + hidden, 400, "bad_http"});
  all.push_back({"a length before it",
                 post + "content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n" + hidden, 400, "bad_http"});
  all.push_back({"HTTP/1.0",
                 "POST /v1/chat/completions HTTP/1.0\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n" +
                     end_of_chunks + hidden,
                 400, "bad_http"});
  expect_refused(h, all);
}

TEST(ChaosHttp, AFoldedLineIsOneLine) {
  House h;
  h.start();
  {
    auto c = h.client();
    c.send("GET /healthz HTTP/1.1\r\nhost:\r\n localhost\r\nx-request-id: one\r\n two\r\n\r\n");
    const auto r = c.read();
    EXPECT_EQ(r.status, 200);
    EXPECT_THAT(r.header("x-request-id"), HasSubstr("rq-"));  // "one two" is no id
  }
  EXPECT_THAT(h.rows(), IsEmpty());
}

TEST(ChaosHttp, BadChunksAreRefused) {
  House h;
  h.start();
  const std::string body(hello);
  std::vector<Sent> all;
  for (const char* size : {"zz", "", " 5", "-1", "0x5", "5 x", "10000000000000000", "fffffffffffffffffffff", ";a=b"})
    all.push_back({size, chunked + size + "\r\n" + body + "\r\n" + end_of_chunks, 400, "bad_http"});
  all.push_back({"more than is allowed", chunked + "ffffffffffffffff\r\n", 413, "body_too_large"});
  all.push_back({"longer than its size", chunked + "5\r\nhello you\r\n" + end_of_chunks, 400, "bad_http"});
  all.push_back({"a bare LF", chunked + "5\nhello\n0\n\n\r\n\r\n", 400, "bad_http"});
  all.push_back({"an extension that is none", chunked + "5;=\r\nhello\r\n" + end_of_chunks, 400, "bad_http"});
  all.push_back({"a length in the trailer", chunked + "0\r\ncontent-length: 3\r\n\r\n", 400, "bad_http"});
  all.push_back({"a bad trailer", chunked + "0\r\nno colon\r\n\r\n", 400, "bad_http"});
  expect_refused(h, all);
}

TEST(ChaosHttp, ExtensionsOfChunksAndTrailersAreBounded) {
  House h;
  h.start();
  const std::string megabyte(1 << 20, 'x');
  expect_refused(
      h, {
             {"an extension of 1 MB", chunked + "5;a=" + megabyte + "\r\nhello\r\n" + end_of_chunks, 431,
              "header_too_large"},
             {"an extension that never ends", chunked + "5;a=" + megabyte, 431, "header_too_large"},
             {"many extensions",
              chunked + "5" + many(100'000, [](int i) { return ";a" + std::to_string(i); }) + "\r\nhello\r\n", 431,
              "header_too_large"},
             {"one of the last chunk", chunked + "0;a=" + megabyte + "\r\n\r\n", 431, "header_too_large"},
             {"a trailer of 1 MB", chunked + "0\r\nx: " + megabyte + "\r\n\r\n", 431, "header_too_large"},
             {"a trailer of many fields", chunked + "0\r\n" + many(100'000, [](int) { return "x: y\r\n"; }) + "\r\n",
              431, "header_too_large"},
         });
}

TEST(ChaosHttp, ExtensionsAndTrailersOfUsualSizeAreReadOver) {
  House h;
  h.start();
  {
    auto c = h.client();
    std::string text = chunked;
    for (const char letter : hello) text += "1;at=\"" + std::string(100, 'y') + "\";b\r\n" + letter + "\r\n";
    // A trailer changes nothing that the header has said.
    c.send(text + "0;last\r\nx-request-id: late\r\nhost: evil.example\r\n\r\n");
    const auto r = c.read();
    EXPECT_EQ(r.status, 200) << r.body;
    EXPECT_THAT(r.header("x-request-id"), HasSubstr("rq-"));
    c.get("/healthz");
    EXPECT_EQ(c.read().body, "ok\n");
  }
  ASSERT_EQ(h.up.requests(), 1);
  EXPECT_THAT(h.up.seen().at(0).body, HasSubstr("\"content\":\"Hi\""));
  EXPECT_EQ(h.rows().size(), 1u);
}

TEST(ChaosHttp, AHundredPipelinedRequestsAreAnsweredInOrder) {
  House h;
  h.start();
  int good = 0;
  {
    auto c = h.client();
    std::vector<int> expected;
    std::string text;
    for (int i = 0; i < 100; ++i) {
      std::string body(i % 2 ? hello : hello_stream);
      expected.push_back(i % 10 == 3 ? 400 : i % 10 == 7 ? 404 : 200);
      if (expected.back() == 400) body = "{\"model\":";
      if (expected.back() == 404) body = R"({"model":"nobody","messages":[{"role":"user","content":"Hi"}]})";
      good += expected.back() == 200 ? 1 : 0;
      text += post + "x-request-id: r" + std::to_string(i) + "\r\ncontent-length: " + std::to_string(body.size()) +
              "\r\n\r\n" + body;
    }
    c.send(text);
    for (int i = 0; i < 100; ++i) {
      const auto r = c.read();
      EXPECT_EQ(r.status, expected[static_cast<std::size_t>(i)]) << i << r.body;
      EXPECT_EQ(r.header("x-request-id"), "r" + std::to_string(i));
      EXPECT_TRUE(r.whole);
    }
  }
  EXPECT_EQ(h.up.requests(), good);
  EXPECT_EQ(h.rows().size(), static_cast<std::size_t>(good));
}

TEST(ChaosHttp, WhatFollowsARequestThatIsNoHttpIsNotAnswered) {
  House h;
  h.start();
  {
    auto c = h.client();
    const std::string one = post + "content-length: " + std::to_string(hello.size()) + "\r\n\r\n" + std::string(hello);
    c.send(many(50, [&](int) { return one; }) + "NONSENSE\r\n\r\n" + many(50, [&](int) { return one; }));
    for (int i = 0; i < 50; ++i) EXPECT_EQ(c.read().status, 200) << i;
    const auto r = c.read();
    EXPECT_EQ(r.status, 400);
    EXPECT_EQ(code_of(r), "bad_http");
    EXPECT_EQ(r.header("connection"), "close");
    EXPECT_EQ(c.read().status, 0);
    EXPECT_TRUE(c.connection().closed_within(10'000));
  }
  EXPECT_EQ(h.up.requests(), 50);
  EXPECT_EQ(h.rows().size(), 50u);
}

TEST(ChaosHttp, WhatFollowsCloseIsNotAnsweredAndTheReplyComesWhole) {
  House h;
  h.start();
  for (const std::string& more :
       {post + "content-length: 0\r\n\r\n", std::string(200'000, 'x'), std::string("\r\n\r\n")}) {
    auto c = h.client();
    c.send(post + "connection: close\r\ncontent-length: " + std::to_string(hello.size()) + "\r\n\r\n" +
           std::string(hello) + more);
    const auto r = c.read();
    EXPECT_EQ(r.status, 200);
    EXPECT_TRUE(r.whole);
    EXPECT_EQ(r.header("connection"), "close");
    EXPECT_EQ(c.read().status, 0);
    EXPECT_TRUE(c.connection().closed_within(10'000));
  }
  EXPECT_EQ(h.up.requests(), 3);
  EXPECT_EQ(h.rows().size(), 3u);
}

}  // namespace
}  // namespace wattline::serve::tests
