// For tests: upstreams that say what those of each dialect say, and clients that ask them.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/dialect_test.h"
#include "serve/gateway_fixture.h"

namespace wattline::serve::tests {

inline constexpr std::string_view chat_reply =
    R"({"id":"chatcmpl-1","object":"chat.completion","created":1741569952,"model":"the-llama-3.1-8b","choices":[{"index":0,"message":{"role":"assistant","content":"Hello!"},"finish_reason":"stop"}],)"
    R"("usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29}})";
inline constexpr std::string_view messages_reply =
    R"({"id":"msg_01","type":"message","role":"assistant","model":"the-llama-3.1-8b","content":[{"type":"text","text":"Hello!"}],"stop_reason":"end_turn","stop_sequence":null,)"
    R"("usage":{"input_tokens":12,"cache_creation_input_tokens":0,"cache_read_input_tokens":5,"output_tokens":7}})";
inline constexpr std::string_view ask_messages =
    R"({"model":"llama-3.1-8b","max_tokens":64,"messages":[{"role":"user","content":"Hi"}]})";
inline constexpr std::string_view ask_messages_stream =
    R"({"model":"llama-3.1-8b","max_tokens":64,"stream":true,"messages":[{"role":"user","content":"Hi"}]})";

inline Response post(TestGateway& g, std::string_view path, std::string_view body, std::string_view headers = "") {
  Client c(g.port());
  c.post(path, body, headers);
  return c.read();
}

inline FakeUpstream answering(std::string_view body, std::string_view status = "200 OK") {
  return FakeUpstream([text = std::string(body), s = std::string(status)](const FakeUpstream::Request&, Connection& c) {
    return c.send(reply(text, s));
  });
}
inline FakeUpstream streaming(std::vector<std::string> events, bool end = true) {
  return FakeUpstream([events = std::move(events), end](const FakeUpstream::Request&, Connection& c) {
    if (!c.send(stream_head)) return false;
    for (const auto& e : events)
      if (!c.send(chunk(e))) return false;
    return end && c.send("0\r\n\r\n");
  });
}
inline std::vector<std::string> chat_events() {
  std::vector<std::string> out;
  for (const auto& c :
       {chunk_of(R"({"role":"assistant","content":""})"), chunk_of(R"({"content":"Hel"})"),
        chunk_of(R"({"content":"lo"})"), chunk_of("{}", "\"stop\""),
        std::string(R"({"id":"chatcmpl-1","choices":[],"usage":{"prompt_tokens":19,"completion_tokens":2}})"),
        std::string("[DONE]")})
    out.push_back("data: " + c + "\n\n");
  return out;
}
inline std::vector<std::string> messages_events() {
  std::vector<std::string> out;
  for (
      const auto& [name, data] : std::vector<std::pair<std::string, std::string>>{
          {"message_start",
           R"({"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","content":[],"model":"claude","stop_reason":null,"usage":{"input_tokens":25,"output_tokens":1}}})"},
          {"content_block_start",
           R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})"},
          {"ping", R"({"type": "ping"})"},
          {"content_block_delta",
           R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello"}})"},
          {"content_block_stop", R"({"type":"content_block_stop","index":0})"},
          {"message_delta",
           R"({"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":15}})"},
          {"message_stop", R"({"type":"message_stop"})"}})
    out.push_back("event: " + name + "\ndata: " + data + "\n\n");
  return out;
}
inline std::vector<std::string> names_of(std::string_view stream) {
  std::vector<std::string> out;
  for (const auto& e : events_of(stream)) out.push_back(e.name);
  return out;
}
inline void speaks_anthropic(UpstreamConfig& u) {
  u.anthropic = true;
  u.endpoints = Endpoints().add(Endpoint::messages);
  u.api_key = Secret("sk-ant");
}

}  // namespace wattline::serve::tests
