// Chat completion -> OpenAI responses: the whole reply and its items.
#include <array>

#include <fmt/format.h>

#include "serve/dialect_body.h"
#include "serve/dialect_responses.h"

namespace wattline::serve {
namespace {

std::int64_t count(JsonText v) { return std::max<std::int64_t>(0, v.integer().value_or(0)); }
bool has_words(JsonText v) { return v.is_string() && v.raw().size() > 2; }

struct Echo {
  const char *key, *otherwise;
};
constexpr std::array<Echo, 12> echoes = {{{"instructions", "null"},
                                          {"max_output_tokens", "null"},
                                          {"max_tool_calls", "null"},
                                          {"metadata", "{}"},
                                          {"parallel_tool_calls", "true"},
                                          {"reasoning", R"({"effort":null,"summary":null})"},
                                          {"temperature", "null"},
                                          {"text", R"({"format":{"type":"text"}})"},
                                          {"tool_choice", "\"auto\""},
                                          {"tools", "[]"},
                                          {"top_p", "null"},
                                          {"user", "null"}}};

}  // namespace

std::string ResponseObject::json(std::string_view echo) const {
  const JsonText said(echo);
  JsonWriter w;
  w.begin_object().member("id", id).member("object", "response").member("created_at", created).member("status", status);
  w.member("background", false).key("error").raw(error).key("incomplete_details");
  if (incomplete.empty()) w.null();
  else w.begin_object().member("reason", incomplete).end_object();
  w.member("model", model)
      .key("output")
      .raw(output)
      .key("previous_response_id")
      .null()
      .member("store", false)
      .member("truncation", "disabled");
  for (const auto& e : echoes) {
    const JsonText v = said[e.key];
    w.key(e.key).raw(v.none() ? std::string_view(e.otherwise) : v.raw());
  }
  w.key("usage").raw(usage);
  return w.end_object().take();
}

std::string responses_usage(JsonText usage) {
  if (!usage.is_object()) return "null";
  const std::int64_t in = count(usage["prompt_tokens"]), out = count(usage["completion_tokens"]);
  std::string text = fmt::format(
      "{{\"input_tokens\":{},\"input_tokens_details\":{{\"cached_tokens\":{}}},\"output_tokens\":{},\"output_tokens_"
      "details\":{{\"reasoning_tokens\":{}}},\"total_tokens\":{}",
      in, count(usage["prompt_tokens_details"]["cached_tokens"]), out,
      count(usage["completion_tokens_details"]["reasoning_tokens"]), in + out);
  if (const JsonText account = usage["wattline"]; account.is_object())
    text.append(",\"wattline\":").append(account.raw());
  return text + "}";
}

std::string_view incomplete_reason_of(std::string_view finish) {
  if (finish == "length") return "max_output_tokens";
  if (finish == "content_filter") return "content_filter";
  return {};
}

std::string reasoning_item(std::string_view id, std::string_view text, bool done) {
  return fmt::format("{{\"type\":\"reasoning\",\"id\":{},\"summary\":[],\"content\":[{}],\"status\":\"{}\"}}",
                     in_quotes(id), done ? fmt::format("{{\"type\":\"reasoning_text\",\"text\":{}}}", text) : "",
                     done ? "completed" : "in_progress");
}

std::string text_part(std::string_view text, std::string_view logprobs) {
  return fmt::format("{{\"type\":\"output_text\",\"annotations\":[],\"logprobs\":{},\"text\":{}}}", logprobs, text);
}

std::string refusal_part(std::string_view text) { return fmt::format("{{\"type\":\"refusal\",\"refusal\":{}}}", text); }

std::string message_item(std::string_view id, std::string_view parts, bool done) {
  return fmt::format("{{\"type\":\"message\",\"id\":{},\"status\":\"{}\",\"role\":\"assistant\",\"content\":[{}]}}",
                     in_quotes(id), done ? "completed" : "in_progress", parts);
}

std::string function_call_item(std::string_view id, std::string_view call_id, std::string_view name,
                               std::string_view arguments, bool done) {
  return fmt::format(
      "{{\"type\":\"function_call\",\"id\":{},\"call_id\":{},\"name\":{},\"arguments\":{},\"status\":\"{}\"}}",
      in_quotes(id), in_quotes(call_id), in_quotes(name), in_quotes(arguments), done ? "completed" : "in_progress");
}

std::string chat_to_responses_reply(const ClientCall& call, std::string_view chat_reply) {
  const JsonText reply(chat_reply);
  const auto choices = reply["choices"].elements();
  const JsonText choice = choices.empty() ? JsonText() : choices[0], message = choice["message"];
  const std::string id = reply["id"].text();
  ResponseObject r;
  std::string items;
  const auto add = [&](const std::string& item) {
    if (!items.empty()) items += ',';
    items += item;
  };
  JsonText thinking = message["reasoning_content"];
  if (thinking.none()) thinking = message["reasoning"];
  if (has_words(thinking)) add(reasoning_item(std::string(reasoning_id_prefix) + id, thinking.raw(), true));
  std::string parts;
  if (const JsonText content = message["content"]; has_words(content)) {
    const JsonText logprobs = choice["logprobs"]["content"];
    parts = text_part(content.raw(), logprobs.is_array() ? logprobs.raw() : "[]");
  } else {
    for (const auto& part : content.elements())
      if (has_words(part["text"])) parts += (parts.empty() ? "" : ",") + text_part(part["text"].raw());
  }
  if (const JsonText refusal = message["refusal"]; has_words(refusal))
    parts += (parts.empty() ? "" : ",") + refusal_part(refusal.raw());
  const auto calls = message["tool_calls"].elements();
  if (!parts.empty() || calls.empty()) add(message_item("msg_" + id, parts, true));
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const std::string call_id = calls[i]["id"].text(), item_id = fmt::format("fc_{}_{}", id, i);
    add(function_call_item(item_id, call_id.empty() ? item_id : call_id, calls[i]["function"]["name"].text(),
                           calls[i]["function"]["arguments"].text(), true));
  }
  r.id = "resp_" + id;
  r.model = reply["model"].text();
  r.created = reply["created"].integer().value_or(0);
  r.incomplete = incomplete_reason_of(choice["finish_reason"].text());
  r.status = r.incomplete.empty() ? "completed" : "incomplete";
  r.output = "[" + items + "]";
  r.usage = responses_usage(reply["usage"]);
  return r.json(call.echo);
}

}  // namespace wattline::serve
