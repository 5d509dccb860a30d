// Anthropic messages -> chat completion: whole replies and streams of an upstream that speaks Anthropic.
#include <utility>

#include <fmt/format.h>

#include "serve/dialect_anthropic.h"
#include "serve/dialect_body.h"
#include "serve/dialect_messages.h"

namespace wattline::serve {
namespace {

// Blocks that a client must hand back as they are.
bool is_thinking(JsonText block) { return block["type"].is("thinking") || block["type"].is("redacted_thinking"); }

std::string tool_call(JsonText block, std::size_t index, bool in_stream, std::string_view arguments) {
  JsonWriter w;
  w.begin_object();
  if (in_stream) w.member("index", index);
  w.member("id", block["id"].text()).member("type", "function").key("function").begin_object();
  w.member("name", block["name"].text()).member("arguments", arguments).end_object().end_object();
  return w.take();
}

void write_message(JsonWriter& w, JsonText content) {
  std::string text, thinking;
  bool any_text = false, any_thinking = false;
  JsonWriter calls, blocks;
  calls.begin_array();
  blocks.begin_array();
  std::size_t n = 0;
  for (const auto& block : content.elements()) {
    if (block["type"].is("text")) {
      text += block["text"].text();
      any_text = true;
    } else if (block["type"].is("tool_use")) {
      calls.raw(tool_call(block, n++, false, block["input"].none() ? "{}" : block["input"].raw()));
    } else if (is_thinking(block)) {
      thinking += block["thinking"].text();
      blocks.raw(block.raw());
      any_thinking = true;
    }
  }
  w.key("message").begin_object().member("role", "assistant").key("content");
  any_text || n == 0 ? w.value(text) : w.null();
  w.key("refusal").null();
  if (!thinking.empty()) w.member("reasoning_content", thinking);
  if (any_thinking) w.key("thinking_blocks").raw(blocks.end_array().take());
  if (n > 0) w.key("tool_calls").raw(calls.end_array().take());
  w.end_object();
}

class AnthropicStream : public UpstreamStream {
 public:
  explicit AnthropicStream(std::int64_t unix_seconds) : created_(unix_seconds) {}

  void push(std::string_view data, std::vector<std::string>& chunks) override {
    const JsonText event(data);
    const std::string type = event["type"].text();
    if (type == "message_start") {
      const JsonText message = event["message"];
      id_ = in_quotes(message["id"].text());
      model_ = in_quotes(message["model"].text());
      usage_.take(message["usage"]);
      tell(R"({"role":"assistant","content":""})", "", chunks);
    } else if (type == "content_block_start") {
      begin_block(event["content_block"], chunks);
    } else if (type == "content_block_delta") {
      take_delta(event["delta"], chunks);
    } else if (type == "content_block_stop") {
      end_block(chunks);
    } else if (type == "message_delta") {
      usage_.take(event["usage"]);
      const JsonText reason = event["delta"]["stop_reason"], at_text = event["delta"]["stop_sequence"];
      if (!reason.is_string()) return;
      tell("{}", finish_reason_of(reason.text()), chunks, at_text.is_string() ? at_text.raw() : "");
      tell_usage(chunks);  // at once, as some servers leave out message_stop
    } else if (type == "message_stop") {
      tell_usage(chunks);
      chunks.emplace_back("[DONE]");
    } else if (type == "error" || event["error"].is_object()) {
      chunks.push_back(fmt::format("{{\"error\":{}}}", event["error"].none() ? "{}" : event["error"].raw()));
    }
  }

 private:
  std::string head() const {
    return fmt::format("{{\"id\":{},\"object\":\"chat.completion.chunk\",\"created\":{},\"model\":{}", id_, created_,
                       model_);
  }
  void tell(std::string_view delta, std::string_view finish, std::vector<std::string>& chunks,
            std::string_view at_text = {}) {
    chunks.push_back(fmt::format(
        "{},\"choices\":[{{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":{}{}{}}}]}}", head(), delta,
        finish.empty() ? "null" : fmt::format("\"{}\"", finish), at_text.empty() ? "" : ",\"stop_reason\":", at_text));
  }
  void tell_usage(std::vector<std::string>& chunks) {
    if (std::exchange(told_usage_, true)) return;
    chunks.push_back(fmt::format("{},\"choices\":[],\"usage\":{}}}", head(), usage_.chat()));
  }
  void tell_words(std::string_view member, JsonText words, std::vector<std::string>& chunks) {
    if (words.is_string() && words.raw().size() > 2)
      tell(fmt::format("{{\"{}\":{}}}", member, words.raw()), "", chunks);
  }
  void tell_arguments(std::string_view raw_string, std::vector<std::string>& chunks) {
    any_arguments_ = true;
    tell(fmt::format("{{\"tool_calls\":[{{\"index\":{},\"function\":{{\"arguments\":{}}}}}]}}", calls_ - 1, raw_string),
         "", chunks);
  }

  void begin_block(JsonText block, std::vector<std::string>& chunks) {
    kind_ = block["type"].text();
    if (kind_ == "tool_use") {
      any_arguments_ = false;
      tell(fmt::format("{{\"tool_calls\":[{}]}}", tool_call(block, calls_++, true, "")), "", chunks);
      if (!block["input"].empty()) tell_arguments(in_quotes(block["input"].raw()), chunks);
    } else if (kind_ == "text") {
      tell_words("content", block["text"], chunks);
    } else if (kind_ == "thinking") {
      thinking_ = block["thinking"].text();
      signature_ = block["signature"].text();
      tell_words("reasoning_content", block["thinking"], chunks);
    } else if (kind_ == "redacted_thinking") {
      tell(fmt::format("{{\"thinking_blocks\":[{}]}}", block.raw()), "", chunks);
    }
  }

  void take_delta(JsonText delta, std::vector<std::string>& chunks) {
    const std::string type = delta["type"].text();
    if (type == "text_delta") {
      tell_words("content", delta["text"], chunks);
    } else if (type == "input_json_delta" && kind_ == "tool_use") {
      const JsonText json = delta["partial_json"];
      if (json.is_string() && json.raw().size() > 2) tell_arguments(json.raw(), chunks);
    } else if (type == "thinking_delta") {
      thinking_ += delta["thinking"].text();
      tell_words("reasoning_content", delta["thinking"], chunks);
    } else if (type == "signature_delta") {
      signature_ += delta["signature"].text();
    }
  }

  void end_block(std::vector<std::string>& chunks) {
    if (kind_ == "tool_use" && !any_arguments_) tell_arguments("\"{}\"", chunks);
    if (kind_ == "thinking" && !signature_.empty())
      tell(fmt::format("{{\"thinking_blocks\":[{{\"type\":\"thinking\",\"thinking\":{},\"signature\":{}}}]}}",
                       in_quotes(thinking_), in_quotes(signature_)),
           "", chunks);
    kind_.clear();
    thinking_.clear();
    signature_.clear();
  }

  std::int64_t created_;
  std::string id_ = "\"\"", model_ = "\"\"", kind_, thinking_, signature_;
  MessagesUsage usage_;
  std::size_t calls_ = 0;
  bool any_arguments_ = false, told_usage_ = false;
};

class AnthropicUpstream : public UpstreamDialect {
 public:
  std::string_view name() const override { return "anthropic"; }
  std::string_view path() const override { return "/messages"; }
  std::string headers(std::string_view key) const override {
    return fmt::format("{}anthropic-version: {}\r\n",
                       key.empty() ? std::string() : fmt::format("x-api-key: {}\r\n", key), anthropic_version);
  }
  Translated request(std::string_view chat, std::string_view model, std::int64_t default_max_tokens) const override {
    return chat_to_anthropic(chat, model, default_max_tokens);
  }
  Translated reply(std::string_view body, std::int64_t unix_seconds) const override {
    return anthropic_to_chat_reply(body, unix_seconds);
  }
  std::unique_ptr<UpstreamStream> stream(std::int64_t unix_seconds) const override {
    return anthropic_stream(unix_seconds);
  }
};

}  // namespace

Translated anthropic_to_chat_reply(std::string_view body, std::int64_t unix_seconds) {
  if (check_json_object(body, "the reply"))
    return upstream_error(502, "the upstream's reply is not a JSON object", "upstream_bad_reply");
  const JsonText reply(body);
  if (!reply["content"].is_array())
    return upstream_error(502, "the upstream's reply is no message: 'content' is missing", "upstream_bad_reply");
  JsonWriter w;
  w.begin_object().member("id", reply["id"].text()).member("object", "chat.completion").member("created", unix_seconds);
  w.member("model", reply["model"].text()).key("choices").begin_array().begin_object().member("index", 0);
  write_message(w, reply["content"]);
  w.key("logprobs").null().member("finish_reason", finish_reason_of(reply["stop_reason"].text()));
  carry(w, "stop_reason", reply["stop_sequence"]);  // the text it stopped at, as vLLM tells it
  w.end_object().end_array();
  MessagesUsage usage;
  usage.take(reply["usage"]);
  w.key("usage").raw(usage.chat()).end_object();
  return w.take();
}

std::unique_ptr<UpstreamStream> anthropic_stream(std::int64_t unix_seconds) {
  return std::make_unique<AnthropicStream>(unix_seconds);
}

const UpstreamDialect& anthropic_upstream() {
  static const AnthropicUpstream dialect;
  return dialect;
}

}  // namespace wattline::serve
