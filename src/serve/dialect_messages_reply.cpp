// Chat completion -> Anthropic messages: the whole reply, its usage, failures.
#include <fmt/format.h>

#include "serve/dialect_body.h"
#include "serve/dialect_messages.h"

namespace wattline::serve {
namespace {

std::int64_t count(JsonText v) { return std::max<std::int64_t>(0, v.integer().value_or(0)); }

void write_text(JsonWriter& w, JsonText text) {
  if (!text.is_string() || text.raw().size() <= 2) return;
  w.begin_object().member("type", "text").key("text").raw(text.raw()).end_object();
}

void write_call(JsonWriter& w, std::string_view id, JsonText function) {
  w.begin_object().member("type", "tool_use").member("id", id).member("name", function["name"].text());
  w.key("input").raw(arguments_object(function["arguments"].text())).end_object();
}

// Whether there are tool calls.
bool write_content(JsonWriter& w, JsonText message, std::string_view reply_id) {
  JsonText thinking = message["reasoning_content"];
  if (thinking.none()) thinking = message["reasoning"];
  w.key("content").begin_array();
  if (const JsonText signed_ones = message["thinking_blocks"]; signed_ones.is_array()) {
    for (const auto& block : signed_ones.elements()) w.raw(block.raw());
  } else if (thinking.is_string() && thinking.raw().size() > 2) {
    w.begin_object()
        .member("type", "thinking")
        .key("thinking")
        .raw(thinking.raw())
        .member("signature", unsigned_thinking)
        .end_object();
  }
  const JsonText content = message["content"];
  write_text(w, content);
  for (const auto& part : content.elements()) write_text(w, part["text"]);
  write_text(w, message["refusal"]);
  std::size_t calls = 0;
  for (const auto& call : message["tool_calls"].elements()) {
    const std::string id = call["id"].text();
    write_call(w, id.empty() ? fmt::format("toolu_{}_{}", reply_id, calls) : id, call["function"]);
    ++calls;
  }
  if (const JsonText old = message["function_call"]; calls == 0 && old.is_object()) {
    write_call(w, fmt::format("toolu_{}", reply_id), old);
    ++calls;
  }
  w.end_array();
  return calls > 0;
}

}  // namespace

std::string_view stop_reason_of(std::string_view finish) {
  if (finish == "length") return "max_tokens";
  if (finish == "tool_calls" || finish == "function_call") return "tool_use";
  if (finish == "content_filter") return "refusal";
  return "end_turn";
}

std::string_view finish_reason_of(std::string_view stop) {
  if (stop == "max_tokens" || stop == "model_context_window_exceeded") return "length";
  if (stop == "tool_use") return "tool_calls";
  if (stop == "refusal") return "content_filter";
  return "stop";
}

std::string messages_usage(JsonText usage) {
  const std::int64_t prompt = count(usage["prompt_tokens"]);
  const std::int64_t cached = std::min(prompt, count(usage["prompt_tokens_details"]["cached_tokens"]));
  std::string out = fmt::format(
      "{{\"input_tokens\":{},\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":{},\"output_tokens\":{}",
      prompt - cached, cached, count(usage["completion_tokens"]));
  if (const JsonText account = usage["wattline"]; account.is_object())
    out.append(",\"wattline\":").append(account.raw());
  return out + "}";
}

void MessagesUsage::take(JsonText usage) {
  const auto put = [&](const char* name, std::int64_t& out) {
    if (const auto n = usage[name].integer()) out = std::clamp<std::int64_t>(*n, 0, std::int64_t{1} << 50);
  };
  put("input_tokens", input);
  put("output_tokens", output);
  put("cache_read_input_tokens", cache_read);
  put("cache_creation_input_tokens", cache_creation);
}

std::string MessagesUsage::chat() const {
  const std::int64_t prompt = input + cache_read + cache_creation;
  return fmt::format(
      "{{\"prompt_tokens\":{},\"completion_tokens\":{},\"total_tokens\":{},\"prompt_tokens_details\":{{\"cached_"
      "tokens\":{}}}}}",
      prompt, output, prompt + output, cache_read);
}

std::string chat_to_messages_reply(std::string_view chat_reply) {
  const JsonText reply(chat_reply);
  const auto choices = reply["choices"].elements();
  const JsonText choice = choices.empty() ? JsonText() : choices[0];
  const std::string id = reply["id"].text();
  JsonWriter w;
  w.begin_object().member("id", "msg_" + id).member("type", "message").member("role", "assistant");
  w.member("model", reply["model"].text());
  const bool calls = write_content(w, choice["message"], id);
  std::string_view stop = stop_reason_of(choice["finish_reason"].text());
  if (calls && stop == "end_turn") stop = "tool_use";
  // vLLM says which text it stopped at.
  const JsonText at_text = choice["stop_reason"];
  const bool at_sequence = stop == "end_turn" && at_text.is_string();
  w.member("stop_reason", at_sequence ? "stop_sequence" : stop).key("stop_sequence");
  at_sequence ? w.raw(at_text.raw()) : w.null();
  w.key("usage").raw(messages_usage(reply["usage"])).end_object();
  return w.take();
}

std::string messages_error(const ApiError& e) {
  const auto type = [&]() -> std::string_view {
    switch (e.status) {
      case 401: return "authentication_error";
      case 402: return "billing_error";
      case 403: return "permission_error";
      case 404: return "not_found_error";
      case 413: return "request_too_large";
      case 429: return "rate_limit_error";
      case 503:
      case 529: return "overloaded_error";
      case 408:
      case 504: return "timeout_error";
      default: return e.status >= 400 && e.status < 500 ? "invalid_request_error" : "api_error";
    }
  }();
  JsonWriter w;
  w.begin_object().member("type", "error").key("error").begin_object();
  w.member("type", type).member("message", e.message).end_object().end_object();
  return w.take();
}

}  // namespace wattline::serve
