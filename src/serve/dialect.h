// What clients and upstreams speak, and how it becomes the one form inside: an OpenAI chat completion,
// as text. Requests are read into it, replies and the chunks of streams are told from it, one translator
// a dialect. Who speaks chat completions on both sides meets none of this.
//
// What a dialect says that the other cannot is refused with the member's name (400), unless leaving it
// out changes no answer (hints to caches, labels); docs/formats/dialects.md lists both. Members that
// nobody here knows are carried as they are. Translators keep no state but that of one stream, throw
// nothing and copy what they do not understand byte for byte.
// Sources: OpenAI API reference (chat completions, completions, responses); Anthropic API reference
// (messages, streaming, errors).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "serve/api_error.h"

namespace wattline::serve {

// A text, or why there is none.
using Translated = std::variant<std::string, ApiError>;

// A client's request in the one form.
struct ClientCall {
  std::string chat;  // the body of a chat completion
  std::string echo;  // what the reply must repeat of the request, the dialect's own affair
};

// The stream of one answer in the client's words: server-sent events are appended to `out`.
class ClientStream {
 public:
  virtual ~ClientStream() = default;
  // A chunk of a chat completion, a valid JSON object; the one with the usage too. Nothing, or why the
  // stream cannot go on.
  virtual std::optional<ApiError> push(std::string_view chunk, std::string& out) = 0;
  virtual void finish(std::string& out) = 0;
  virtual void fail(const ApiError&, std::string& out) = 0;
};

class ClientDialect {
 public:
  virtual ~ClientDialect() = default;
  virtual std::string_view name() const = 0;  // "messages"
  virtual std::variant<ClientCall, ApiError> read(std::string_view body) const = 0;
  // A whole chat completion (a valid JSON object, its account injected) in the client's words.
  virtual std::string reply(const ClientCall&, std::string_view chat_reply) const = 0;
  virtual std::unique_ptr<ClientStream> stream(const ClientCall&) const = 0;
  virtual std::string error(const ApiError&) const = 0;  // the body of a failure
};

const ClientDialect& messages_dialect();  // Anthropic messages
const ClientDialect& responses_dialect();  // OpenAI responses
const ClientDialect& completions_dialect();  // OpenAI completions, one prompt, as a single question

// What an upstream's stream says, as chunks of a chat completion. `[DONE]` among them is the end.
class UpstreamStream {
 public:
  virtual ~UpstreamStream() = default;
  virtual void push(std::string_view event_data, std::vector<std::string>& chunks) = 0;
};

class UpstreamDialect {
 public:
  virtual ~UpstreamDialect() = default;
  virtual std::string_view name() const = 0;  // "anthropic"
  virtual std::string_view path() const = 0;  // "/messages", after the base URL
  // Request headers, each ended by CR LF; no key, no header.
  virtual std::string headers(std::string_view key) const = 0;
  // `chat` has been read as a chat completion. `default_max_tokens` where the client gives no limit and
  // the upstream needs one.
  virtual Translated request(std::string_view chat, std::string_view model, std::int64_t default_max_tokens) const = 0;
  // A whole reply, in time `unix_seconds`.
  virtual Translated reply(std::string_view body, std::int64_t unix_seconds) const = 0;
  virtual std::unique_ptr<UpstreamStream> stream(std::int64_t unix_seconds) const = 0;
};

const UpstreamDialect& anthropic_upstream();

}  // namespace wattline::serve
