// What the translators of the Anthropic messages dialect share, whichever side speaks it.
#pragma once

#include <string>
#include <string_view>

#include "serve/dialect.h"
#include "serve/json_text.h"

namespace wattline::serve {

// Anthropic signs what its models think, and takes it back only so. What other models think comes unsigned,
// as `reasoning_content`; to messages clients it carries this instead, by which it is known when it returns.
inline constexpr std::string_view unsigned_thinking = "wattline:unsigned";

// The request (members as in docs/formats/dialects.md). For counting, max_tokens need not be there.
std::variant<ClientCall, ApiError> messages_to_chat(std::string_view body, bool counting = false);
std::string chat_to_messages_reply(std::string_view chat_reply);
std::unique_ptr<ClientStream> messages_stream();
// {"type":"error","error":{"type":..,"message":..}}; its type follows the status.
std::string messages_error(const ApiError&);

// finish_reason -> stop_reason, and back.
std::string_view stop_reason_of(std::string_view finish_reason);
std::string_view finish_reason_of(std::string_view stop_reason);

// Token counts of a chat completion as members of a messages usage (input_tokens without what a cache
// gave, as Anthropic counts), with the account where it is there.
std::string messages_usage(JsonText chat_usage);
// And back: prompt_tokens is all that was read, from a cache or not. Counts that never came are left 0.
struct MessagesUsage {
  std::int64_t input = 0, output = 0, cache_read = 0, cache_creation = 0;
  void take(JsonText usage);  // members that are there replace
  std::string chat() const;
};

}  // namespace wattline::serve
