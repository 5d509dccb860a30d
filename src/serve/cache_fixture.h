// For tests of the cache and of single flight: questions, upstreams that answer them, a gateway that keeps answers.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/json.h"
#include "serve/gateway_fixture.h"

namespace wattline::serve::tests {

using ::testing::HasSubstr;
using ::testing::Not;

inline constexpr std::string_view ask =
    R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}],"temperature":0})";
inline constexpr std::string_view ask_stream =
    R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}],"temperature":0,"stream":true})";
inline constexpr std::string_view ask_stream_usage =
    R"({"model":"llama-3.1-8b","messages":[{"role":"user","content":"Hi"}],"temperature":0,"stream":true,"stream_options":{"include_usage":true}})";

inline std::string completion(std::string_view choices) {
  return R"({"id":"c1","object":"chat.completion","choices":[)" + std::string(choices) +
         R"(],"usage":{"prompt_tokens":11,"completion_tokens":5,"total_tokens":16},"x_big":90071992547409931})";
}
inline std::string choice(std::string_view finish, std::string_view index = "0",
                          std::string_view message = R"({"role":"assistant","content":"Hello."})") {
  return R"({"index":)" + std::string(index) + R"(,"message":)" + std::string(message) + R"(,"finish_reason":")" +
         std::string(finish) + "\"}";
}
const std::string whole = completion(choice("stop"));

inline std::string delta(std::string_view text) {
  return "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + std::string(text) + "\"}}]}\n\n";
}
inline std::string finish_event(std::string_view reason = "stop") {
  return "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"" + std::string(reason) + "\"}]}\n\n";
}
const std::string usage_event =
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":2,\"total_tokens\":13}}\n\n";
const std::string done_event = "data: [DONE]\n\n";

inline FakeUpstream::Handler answers(std::string text) {
  return [text](const FakeUpstream::Request&, Connection& c) { return c.send(text); };
}
inline FakeUpstream::Handler streams(std::vector<std::string> events) {
  return [events](const FakeUpstream::Request&, Connection& c) {
    c.send(stream_head);
    for (const auto& e : events) c.send(chunk(e));
    return c.send("0\r\n\r\n");
  };
}
inline bool wait_until(const std::function<bool()>& ready) {
  for (int i = 0; i < 2000; ++i) {
    if (ready()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

struct CacheGateway : TestGateway {
  explicit CacheGateway(std::uint16_t upstream) {
    config.cache.enabled = true;
    add_upstream(upstream);
  }
  Response ask_for(std::string_view body, std::string_view headers = "") {
    Client c(port());
    c.post("/v1/chat/completions", body, headers);
    return c.read();
  }
  std::string use(std::string_view body, std::string_view headers = "") {
    return ask_for(body, headers).header("x-wattline-cache");
  }
  std::size_t followers() { return gateway->cache()->flights.followers(); }
};

}  // namespace wattline::serve::tests
