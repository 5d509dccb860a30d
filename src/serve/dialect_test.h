// What the tests of dialects share: texts compared as JSON, streams taken apart.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/json.h"
#include "serve/dialect.h"
#include "serve/sse.h"

namespace wattline::serve::tests {

// The same JSON, in the same order; told as text when it is not.
inline void expect_json(std::string_view got, std::string_view wanted) {
  EXPECT_EQ(parse_json(got).dump(1), parse_json(wanted).dump(1)) << got;
}

inline std::string chat_of(const std::variant<ClientCall, ApiError>& read) {
  if (const auto* e = std::get_if<ApiError>(&read)) return e->message;
  return std::get<ClientCall>(read).chat;
}
// The member at fault; "" when nothing is.
inline std::string fault_of(const std::variant<ClientCall, ApiError>& read) {
  const auto* e = std::get_if<ApiError>(&read);
  if (!e) return "";
  EXPECT_EQ(e->status, 400);
  EXPECT_THAT(e->message, ::testing::HasSubstr(e->param));
  return e->param.empty() ? e->message : e->param;
}
inline std::string fault_of(const Translated& t) {
  const auto* e = std::get_if<ApiError>(&t);
  return e ? e->param : "";
}

struct SeenEvent {
  std::string name, data;
};
inline std::vector<SeenEvent> events_of(std::string_view stream) {
  SseParser parser;
  EXPECT_TRUE(parser.push(stream));
  std::vector<SeenEvent> out;
  while (const auto e = parser.next()) out.push_back({std::string(e->name), std::string(e->data)});
  EXPECT_TRUE(parser.rest().empty());
  return out;
}

// A chunk with one choice.
inline std::string chunk_of(std::string_view delta, std::string_view finish = "null") {
  return R"({"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":)" +
         std::string(delta) + R"(,"finish_reason":)" + std::string(finish) + "}]}";
}
inline std::string usage_of(int in, int out) {
  return R"({"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":)" +
         std::to_string(in) + R"(,"completion_tokens":)" + std::to_string(out) +
         R"(,"prompt_tokens_details":{"cached_tokens":3},"wattline":{"energy":{"value":1.5}}}})";
}

// All that a client hears.
inline std::string told(ClientStream& stream, const std::vector<std::string>& chunks) {
  std::string out;
  for (const auto& c : chunks) EXPECT_FALSE(stream.push(c, out)) << c;
  stream.finish(out);
  return out;
}

}  // namespace wattline::serve::tests
