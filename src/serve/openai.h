// A request, an OpenAI chat completion or what other endpoints take, read as far as a gateway must and no
// further.
//
// The body is looked through once with simdjson; what is not ours (tools, images, numbers beyond
// 2^53, members invented tomorrow) is never rebuilt, so it reaches an upstream byte for byte. Only
// the model's name and stream_options are ever replaced, in place.
// Source: OpenAI API reference, "Create chat completion".
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "serve/api_error.h"
#include "serve/endpoint.h"
#include "serve/json_span.h"

namespace wattline::serve {

struct ChatRequest {
  std::string model;
  bool stream = false;
  bool include_usage = false;  // stream_options.include_usage
  bool has_stream_options = false, has_include_usage = false;  // the members are there
};

// Reads request bodies. One for each thread: it keeps simdjson's buffers.
class ChatReader {
 public:
  ChatReader();
  ~ChatReader();
  ChatReader(ChatReader&&) noexcept;
  // `body` may be grown in capacity (simdjson reads a little past the end), never changed.
  // What must be there besides the model is the endpoint's: messages, a prompt, an input.
  std::variant<ChatRequest, ApiError> read(std::string& body, Endpoint = Endpoint::chat);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The body for an upstream, in pieces that lie in `body` or in `texts`: nothing is copied but what changes.
// `want_usage` asks a stream to end with its usage.
using InsertedTexts = std::array<std::string, 2>;
struct BodyPieces {
  static constexpr std::size_t most_edits = 2, most = 2 * most_edits + 1;
  std::size_t size = 0;  // of all together
  std::span<const std::string_view> pieces() const { return {pieces_.data(), count_}; }
  void add(std::string_view piece) {
    pieces_[count_++] = piece;
    size += piece.size();
  }

 private:
  std::array<std::string_view, most> pieces_;
  std::size_t count_ = 0;
};
BodyPieces forward_body(std::string_view body, const ChatRequest&, std::string_view upstream_model, bool want_usage,
                        InsertedTexts& texts);

// What the built-in model needs besides; read only for it.
struct ChatMessage {
  std::string role, text;
};
struct ChatOptions {
  std::vector<ChatMessage> messages;
  int max_tokens = 0;  // 0: not given
  double temperature = 0;
  double top_p = 1;
  std::optional<std::uint64_t> seed;
  std::vector<std::string> stop;
};
std::variant<ChatOptions, ApiError> read_chat_options(std::string_view body);
// The small models are taught on single questions: the last one counts.
std::string_view question_of(const ChatOptions&);

}  // namespace wattline::serve
