// The OpenAI responses dialect: what its translators share. The common subset: input of texts, images,
// files and tool calls, functions, structured text, reasoning, streams; nothing is stored, so what refers to
// an earlier response is refused. Source: OpenAI API reference, "Create a model response".
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "serve/dialect.h"
#include "serve/json_text.h"

namespace wattline::serve {

// Ids of reasoning items that are told here begin so; by it they are known when they return.
inline constexpr std::string_view reasoning_id_prefix = "rs_wl_";

std::variant<ClientCall, ApiError> responses_to_chat(std::string_view body);
std::string chat_to_responses_reply(const ClientCall&, std::string_view chat_reply);
std::unique_ptr<ClientStream> responses_stream(const ClientCall&);

// The output items, complete, as JSON.
std::string reasoning_item(std::string_view id, std::string_view text_quoted, bool done);
// `parts`: the content, JSON objects joined by commas.
std::string message_item(std::string_view id, std::string_view parts, bool done);
std::string text_part(std::string_view text_quoted, std::string_view logprobs = "[]");
std::string refusal_part(std::string_view refusal_quoted);
std::string function_call_item(std::string_view id, std::string_view call_id, std::string_view name,
                               std::string_view arguments, bool done);

// The response object. `echo` is ClientCall::echo; `usage` and `error` are JSON, "null" when there is none.
struct ResponseObject {
  std::string id, model, status = "in_progress", output = "[]", usage = "null", error = "null";
  std::string incomplete;  // the reason, "" when complete
  std::int64_t created = 0;
  std::string json(std::string_view echo) const;
};
std::string responses_usage(JsonText chat_usage);
// The reason of an incomplete response for a finish_reason, "" when it is complete.
std::string_view incomplete_reason_of(std::string_view finish_reason);

}  // namespace wattline::serve
