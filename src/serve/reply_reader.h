// What a gateway needs to know of an upstream's reply or of one chunk of its stream, found with
// simdjson; the text itself is handed on as it is. `usage.wattline` is put into it in place. Replies of all
// endpoints are understood: chat completions, completions, embeddings, responses, Anthropic messages.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "serve/json_span.h"

namespace wattline::serve {

struct TokenUsage {
  std::int64_t in = 0, out = 0, cached = 0;
};

struct ReplyFacts {
  bool is_object = false;  // valid JSON, and an object
  bool has_choices = false;  // "choices" with at least one element
  bool has_content = false;  // some choice has content, reasoning or a tool call that is not empty
  bool is_error = false;  // "error" that is not null
  std::string error_message;  // "" when it has none
  std::string finish_reason;
  std::int64_t choices = 0;  // the highest index, plus one
  std::int64_t stopped = 0;  // choices that came to their own end: "stop"
  bool ended_otherwise = false;  // some choice was cut, filtered, or waits for a tool
  bool calls_tools = false;
  std::size_t content_bytes = 0;  // of all choices
  std::optional<TokenUsage> usage;  // "usage" that is an object
  bool partial_usage = false;  // of a stream that is not over: what was written is not counted yet
  bool takes_account = false;  // of a stream's event: the one whose usage the account is put into
  bool ends = false;  // of a stream's event: the last one (chat has [DONE] instead)
};

// One for each thread: it keeps simdjson's buffers.
class ReplyReader {
 public:
  ReplyReader();
  ~ReplyReader();
  ReplyReader(ReplyReader&&) noexcept;
  ReplyFacts read(std::string_view text) { return read(text, false); }
  // The same without a copy: the text's memory may grow (simdjson reads a little past the end).
  ReplyFacts read(std::string& text);

 private:
  ReplyFacts read(std::string_view text, bool padded);
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// `text` (a valid JSON object) with `"wattline":account` in its usage, as three pieces: before, what
// is put in, after. `inserted` stores the middle one. `within`: the member in whose object the usage is.
struct Injection {
  std::string_view before, after;
  std::size_t replaced = 0;
};
Injection inject_account(std::string_view text, std::string_view account, std::string& inserted,
                         std::string_view within = {});

}  // namespace wattline::serve
