// Chat completion -> Anthropic messages: the stream. Blocks follow one another; a block is open from its
// first word to the first word of another. Usage comes last, in message_delta.
#include <fmt/format.h>

#include "serve/dialect_body.h"
#include "serve/dialect_messages.h"
#include "serve/dialect_tool_calls.h"

namespace wattline::serve {
namespace {

enum class Open { none, thinking, text, tool };

class MessagesStream : public ClientStream {
 public:
  std::optional<ApiError> push(std::string_view text, std::string& out) override {
    const JsonText chunk(text);
    begin(chunk, out);
    if (const JsonText usage = chunk["usage"]; usage.is_object()) usage_ = messages_usage(usage);
    const auto choices = chunk["choices"].elements();
    if (choices.empty()) return std::nullopt;
    const JsonText choice = choices[0];
    if (choice["index"].integer().value_or(0) != 0) return std::nullopt;
    const JsonText delta = choice["delta"];
    JsonText thinking = delta["reasoning_content"];
    if (thinking.none()) thinking = delta["reasoning"];
    if (const JsonText blocks = delta["thinking_blocks"]; blocks.is_array()) take_signatures(blocks, out);
    if (has_words(thinking)) tell(Open::thinking, "thinking", thinking.raw(), out);
    for (const char* member : {"content", "refusal"})
      if (const JsonText words = delta[member]; has_words(words)) tell(Open::text, "text", words.raw(), out);
    if (const auto fragments = delta["tool_calls"].elements(); !fragments.empty()) {
      for (const auto& f : fragments)
        if (!calls_.take(f))
          return upstream_error(502, "the upstream's tool calls cannot be put in order", "upstream_bad_reply");
      tell_call(out);
    }
    if (const JsonText reason = choice["finish_reason"]; reason.is_string()) {
      finish_ = stop_reason_of(reason.text());
      if (const JsonText sequence = choice["stop_reason"]; sequence.is_string()) sequence_ = sequence.raw();
    }
    return std::nullopt;
  }

  void finish(std::string& out) override {
    begin(JsonText(), out);
    close(out);
    while (auto* call = calls_.live()) {
      open_call(*call, out);
      tell_arguments(*call, out);
      close(out);
    }
    std::string_view stop = finish_;
    if (stop == "end_turn" && !calls_.empty()) stop = "tool_use";
    if (stop == "end_turn" && !sequence_.empty()) stop = "stop_sequence";
    else sequence_.clear();
    event(out, "message_delta",
          fmt::format("\"delta\":{{\"stop_reason\":\"{}\",\"stop_sequence\":{}}},\"usage\":{}", stop,
                      sequence_.empty() ? "null" : sequence_, usage_.empty() ? messages_usage(JsonText()) : usage_));
    event(out, "message_stop", "");
  }

  void fail(const ApiError& e, std::string& out) override {
    out.append("event: error\ndata: ").append(messages_error(e)).append("\n\n");
  }

 private:
  static bool has_words(JsonText v) { return v.is_string() && v.raw().size() > 2; }

  static void event(std::string& out, std::string_view type, std::string_view members) {
    out.append("event: ").append(type).append("\ndata: {\"type\":\"").append(type).append("\"");
    if (!members.empty()) out.append(",").append(members);
    out.append("}\n\n");
  }

  void begin(JsonText chunk, std::string& out) {
    if (begun_) return;
    begun_ = true;
    id_ = chunk["id"].text();
    JsonWriter w;
    w.begin_object().member("id", "msg_" + id_).member("type", "message").member("role", "assistant");
    w.member("model", chunk["model"].text()).key("content").begin_array().end_array();
    w.key("stop_reason").null().key("stop_sequence").null().key("usage").raw(messages_usage(JsonText())).end_object();
    event(out, "message_start", "\"message\":" + w.take());
  }

  void open(Open kind, std::string_view block, std::string& out) {
    close(out);
    open_ = kind;
    event(out, "content_block_start", fmt::format("\"index\":{},\"content_block\":{}", index_, block));
  }

  void close(std::string& out) {
    if (open_ == Open::none) return;
    if (open_ == Open::thinking && !signed_)
      event(out, "content_block_delta",
            fmt::format("\"index\":{},\"delta\":{{\"type\":\"signature_delta\",\"signature\":\"{}\"}}", index_,
                        unsigned_thinking));
    if (open_ == Open::tool)
      if (auto* call = calls_.live()) call->closed = true;
    event(out, "content_block_stop", fmt::format("\"index\":{}", index_));
    open_ = Open::none;
    signed_ = false;
    ++index_;
  }

  void tell(Open kind, std::string_view member, std::string_view quoted, std::string& out) {
    if (open_ != kind)
      open(kind,
           kind == Open::text ? R"({"type":"text","text":""})" : R"({"type":"thinking","thinking":"","signature":""})",
           out);
    event(out, "content_block_delta",
          fmt::format("\"index\":{},\"delta\":{{\"type\":\"{}_delta\",\"{}\":{}}}", index_, member, member, quoted));
  }

  // Blocks that their model has signed: the thinking was told as it came, now its signature.
  void take_signatures(JsonText blocks, std::string& out) {
    for (const auto& block : blocks.elements()) {
      if (block["type"].is("redacted_thinking")) {
        open(Open::text, block.raw(), out);
        close(out);
        continue;
      }
      if (!block["signature"].is_string()) continue;
      if (open_ != Open::thinking)
        tell(Open::thinking, "thinking", block["thinking"].is_string() ? block["thinking"].raw() : "\"\"", out);
      signed_ = true;
      event(out, "content_block_delta",
            fmt::format("\"index\":{},\"delta\":{{\"type\":\"signature_delta\",\"signature\":{}}}", index_,
                        block["signature"].raw()));
      close(out);
    }
  }

  void open_call(ToolCalls::Call& call, std::string& out) {
    if (call.opened) return;
    call.opened = true;
    JsonWriter w;
    w.begin_object().member("type", "tool_use");
    w.member("id", call.id.empty() ? fmt::format("toolu_{}_{}", id_, calls_.position(call)) : call.id);
    w.member("name", call.name).key("input").begin_object().end_object().end_object();
    open(Open::tool, w.take(), out);
  }

  void tell_arguments(ToolCalls::Call& call, std::string& out) {
    if (call.told == call.arguments.size()) return;
    std::string quoted;
    append_json_string(quoted, std::string_view(call.arguments).substr(call.told));
    call.told = call.arguments.size();
    event(out, "content_block_delta",
          fmt::format("\"index\":{},\"delta\":{{\"type\":\"input_json_delta\",\"partial_json\":{}}}", index_, quoted));
  }

  void tell_call(std::string& out) {
    auto* call = calls_.live();
    if (!call || call->name.empty()) return;
    // Another block began after this call: what it still brings is told at the end.
    if (call->opened && open_ != Open::tool) return;
    open_call(*call, out);
    tell_arguments(*call, out);
  }

  std::string id_, usage_, sequence_;
  std::string_view finish_ = "end_turn";
  ToolCalls calls_;
  Open open_ = Open::none;
  bool begun_ = false, signed_ = false;
  std::size_t index_ = 0;
};

class MessagesDialect : public ClientDialect {
 public:
  std::string_view name() const override { return "messages"; }
  std::variant<ClientCall, ApiError> read(std::string_view body) const override { return messages_to_chat(body); }
  std::string reply(const ClientCall&, std::string_view chat_reply) const override {
    return chat_to_messages_reply(chat_reply);
  }
  std::unique_ptr<ClientStream> stream(const ClientCall&) const override { return messages_stream(); }
  std::string error(const ApiError& e) const override { return messages_error(e); }
};

}  // namespace

std::unique_ptr<ClientStream> messages_stream() { return std::make_unique<MessagesStream>(); }

const ClientDialect& messages_dialect() {
  static const MessagesDialect dialect;
  return dialect;
}

}  // namespace wattline::serve
