// Chat completions told to an upstream that speaks Anthropic messages, and its answers told back.
#pragma once

#include <memory>
#include <string_view>

#include "serve/dialect.h"

namespace wattline::serve {

inline constexpr std::string_view anthropic_version = "2023-06-01";

Translated chat_to_anthropic(std::string_view chat, std::string_view model, std::int64_t default_max_tokens);
// What the models think comes as `reasoning_content`, and with its signature as `thinking_blocks`, which a
// client hands back in the assistant's message where tools are called in the middle of a thought.
Translated anthropic_to_chat_reply(std::string_view body, std::int64_t unix_seconds);
std::unique_ptr<UpstreamStream> anthropic_stream(std::int64_t unix_seconds);

}  // namespace wattline::serve
