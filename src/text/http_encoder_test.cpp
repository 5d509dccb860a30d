#include "text/http_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/http_testing.h"
#include "text/find_encoder.h"

namespace wattline::text {
namespace {

using ::testing::HasSubstr;
using wattline::tests::Connection;
using wattline::tests::HttpServer;

std::string http(std::string_view body, int status = 200) {
  return "HTTP/1.1 " + std::to_string(status) +
         " X\r\ncontent-type: application/json\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

template <class F>
std::string error_of(F&& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return {};
}

struct Server {
  std::atomic<int> asked{0};
  std::string body = R"({"data":[{"embedding":[3,0,4]}],"usage":{"prompt_tokens":7}})";
  int status = 200;
  std::string last;
  HttpServer fake{[this](const HttpServer::Request& r, Connection& c) {
    ++asked;
    last = r.head + r.body;
    return c.send(http(body, status));
  }};
  HttpEncoderConfig config() {
    HttpEncoderConfig c;
    c.url = "http://127.0.0.1:" + std::to_string(fake.port()) + "/v1/embeddings";
    c.model = "small";
    return c;
  }
};

TEST(HttpEncoder, AsksAServerAndScalesItsVector) {
  Server s;
  auto config = s.config();
  config.key = Secret("k3y");
  const HttpEncoder e(config);
  EXPECT_EQ(e.width(), 3u);
  EXPECT_EQ(e.name(), "small");
  std::vector<float> v(3);
  EXPECT_EQ(e.encode("a \"text\"", v).tokens, 7u);
  EXPECT_THAT(v, ::testing::ElementsAre(0.6f, 0, 0.8f));
  EXPECT_THAT(s.last, HasSubstr(R"("input":"a \"text\"")"));
  EXPECT_THAT(s.last, HasSubstr("Bearer k3y"));
  std::vector<float> rows;
  EXPECT_THAT(error_of([&] { e.encode_tokens("x", rows); }), HasSubstr("none of its tokens"));
}

TEST(HttpEncoder, AfterAFailureItIsLeftAloneForAWhile) {
  Server s;
  auto config = s.config();
  config.pause = Duration(0.2);
  const HttpEncoder e(config);
  s.status = 500;
  std::vector<float> v(3);
  EXPECT_THAT(error_of([&] { e.encode("x", v); }), HasSubstr("500"));
  s.status = 200;
  const int before = s.asked;
  EXPECT_THAT(error_of([&] { e.encode("x", v); }), HasSubstr("a moment ago"));
  EXPECT_EQ(s.asked, before);
  std::this_thread::sleep_for(std::chrono::milliseconds(250));
  EXPECT_EQ(error_of([&] { e.encode("x", v); }), "");
  s.body = R"({"data":[{"embedding":[1,2]}]})";
  EXPECT_THAT(error_of([&] { e.encode("x", v); }), HasSubstr("gave 3 before"));
}

TEST(HttpEncoder, WhatIsNoVectorIsSaid) {
  std::vector<float> v;
  for (const char* reply :
       {"{}", "[]", R"({"data":[]})", R"({"data":[{"embedding":"AAAA"}]})", R"({"data":[{"embedding":[]}]})",
        R"({"data":[{"embedding":[1,"2"]}]})", R"({"data":[{"embedding":[1]},{"embedding":[1]}]})", "no JSON"})
    EXPECT_THAT(error_of([&] { read_embedding(reply, v, "there"); }), HasSubstr("there")) << reply;
  Server s;
  s.body = "{}";
  EXPECT_THAT(error_of([&] { HttpEncoder e(s.config()); }), HasSubstr("127.0.0.1"));
  HttpEncoderConfig elsewhere;
  elsewhere.url = "http://192.0.2.1/v1/embeddings";
  elsewhere.key = Secret("k3y");
  const std::string said = error_of([&] { HttpEncoder e(elsewhere); });
  EXPECT_THAT(said, HasSubstr("readably"));
  EXPECT_THAT(said, ::testing::Not(HasSubstr("k3y")));
}

TEST(FindEncoder, AnAddressIsAServersEncoder) {
  Server s;
  const auto found = find_encoder(s.config().url + "#small", "");
  EXPECT_EQ(found.encoder->name(), "small");
  EXPECT_THAT(found.origin, HasSubstr("127.0.0.1"));
}

}  // namespace
}  // namespace wattline::text
