// Chat completion -> OpenAI responses: the stream. Items follow one another, each told from "added" to
// "done"; every event is numbered; the last one holds the whole response with its usage.
#include <fmt/format.h>

#include "serve/dialect_body.h"
#include "serve/dialect_responses.h"
#include "serve/dialect_tool_calls.h"

namespace wattline::serve {
namespace {

enum class Open { none, reasoning, text, refusal, call };

class ResponsesStream : public ClientStream {
 public:
  explicit ResponsesStream(const ClientCall& call) : echo_(call.echo) {}

  std::optional<ApiError> push(std::string_view text, std::string& out) override {
    const JsonText chunk(text);
    begin(chunk, out);
    if (const JsonText usage = chunk["usage"]; usage.is_object()) response_.usage = responses_usage(usage);
    const auto choices = chunk["choices"].elements();
    if (choices.empty() || choices[0]["index"].integer().value_or(0) != 0) return std::nullopt;
    const JsonText choice = choices[0], delta = choice["delta"];
    JsonText thinking = delta["reasoning_content"];
    if (thinking.none()) thinking = delta["reasoning"];
    if (has_words(thinking)) tell(Open::reasoning, thinking, "", out);
    if (const JsonText words = delta["content"]; has_words(words)) {
      const JsonText logprobs = choice["logprobs"]["content"];
      tell(Open::text, words, logprobs.is_array() ? logprobs.raw() : "[]", out);
    }
    if (const JsonText words = delta["refusal"]; has_words(words)) tell(Open::refusal, words, "", out);
    if (const auto fragments = delta["tool_calls"].elements(); !fragments.empty()) {
      for (const auto& f : fragments)
        if (!calls_.take(f))
          return upstream_error(502, "the upstream's tool calls cannot be put in order", "upstream_bad_reply");
      tell_call(out);
    }
    if (const JsonText reason = choice["finish_reason"]; reason.is_string())
      response_.incomplete = incomplete_reason_of(reason.text());
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
    response_.status = response_.incomplete.empty() ? "completed" : "incomplete";
    response_.output = "[" + items_ + "]";
    event(out, response_.status == "completed" ? "response.completed" : "response.incomplete",
          "\"response\":" + response_.json(echo_));
  }

  void fail(const ApiError& e, std::string& out) override {
    begin(JsonText(), out);
    response_.status = "failed";
    response_.incomplete.clear();
    response_.output = "[" + items_ + "]";
    JsonWriter w;
    w.begin_object().member("code", e.code.empty() ? e.type : e.code).member("message", e.message).end_object();
    response_.error = w.take();
    event(out, "response.failed", "\"response\":" + response_.json(echo_));
  }

 private:
  static bool has_words(JsonText v) { return v.is_string() && v.raw().size() > 2; }

  void event(std::string& out, std::string_view type, std::string_view members) {
    fmt::format_to(std::back_inserter(out), "event: {}\ndata: {{\"type\":\"{}\",\"sequence_number\":{},{}}}\n\n", type,
                   type, number_++, members);
  }
  // ... of the item that is open.
  std::string place(bool of_part = true) const {
    return fmt::format("\"item_id\":{},\"output_index\":{}{}", in_quotes(item_id_), index_,
                       of_part ? ",\"content_index\":0" : "");
  }

  void begin(JsonText chunk, std::string& out) {
    if (begun_) return;
    begun_ = true;
    id_ = chunk["id"].text();
    response_.id = "resp_" + id_;
    response_.model = chunk["model"].text();
    response_.created = chunk["created"].integer().value_or(0);
    const std::string whole = "\"response\":" + response_.json(echo_);
    event(out, "response.created", whole);
    event(out, "response.in_progress", whole);
  }

  void open(Open kind, std::string id, std::string_view item, std::string& out) {
    open_ = kind;
    item_id_ = std::move(id);
    said_.clear();
    logprobs_.clear();
    event(out, "response.output_item.added", fmt::format("\"output_index\":{},\"item\":{}", index_, item));
  }

  std::string part(std::string_view text) const {
    if (open_ == Open::text) return text_part(text, "[" + logprobs_ + "]");
    if (open_ == Open::refusal) return refusal_part(text);
    return fmt::format("{{\"type\":\"reasoning_text\",\"text\":{}}}", text);
  }
  std::string_view stem() const {
    return open_ == Open::text ? "output_text" : open_ == Open::refusal ? "refusal" : "reasoning_text";
  }

  void close(std::string& out) {
    if (open_ == Open::none) return;
    std::string item;
    if (open_ == Open::call) {
      auto& call = *calls_.live();
      call.closed = true;
      event(out, "response.function_call_arguments.done",
            fmt::format("{},\"name\":{},\"arguments\":{}", place(false), in_quotes(call.name),
                        in_quotes(call.arguments)));
      item = function_call_item(item_id_, call.id.empty() ? item_id_ : call.id, call.name, call.arguments, true);
    } else {
      const std::string words = in_quotes(said_), whole = part(words);
      const std::string_view member = open_ == Open::refusal ? "refusal" : "text";
      event(out, fmt::format("response.{}.done", stem()),
            fmt::format("{},\"{}\":{}{}", place(), member, words,
                        open_ == Open::text ? ",\"logprobs\":[" + logprobs_ + "]" : ""));
      event(out, "response.content_part.done", fmt::format("{},\"part\":{}", place(), whole));
      item = open_ == Open::reasoning ? reasoning_item(item_id_, words, true) : message_item(item_id_, whole, true);
    }
    event(out, "response.output_item.done", fmt::format("\"output_index\":{},\"item\":{}", index_, item));
    if (!items_.empty()) items_ += ',';
    items_ += item;
    open_ = Open::none;
    ++index_;
  }

  void tell(Open kind, JsonText words, std::string_view logprobs, std::string& out) {
    if (open_ != kind) {
      close(out);
      if (kind == Open::reasoning) {
        const std::string id = fmt::format("{}{}_{}", reasoning_id_prefix, id_, index_);
        open(kind, id, reasoning_item(id, "", false), out);
      } else {
        const std::string id = fmt::format("msg_{}_{}", id_, index_);
        open(kind, id, message_item(id, "", false), out);
      }
      event(out, "response.content_part.added", fmt::format("{},\"part\":{}", place(), part("\"\"")));
    }
    said_ += words.text();
    if (kind == Open::text && logprobs.size() > 2) {
      if (!logprobs_.empty()) logprobs_ += ',';
      logprobs_ += logprobs.substr(1, logprobs.size() - 2);
    }
    event(out, fmt::format("response.{}.delta", stem()),
          fmt::format("{},\"delta\":{}{}", place(), words.raw(),
                      kind == Open::text ? fmt::format(",\"logprobs\":{}", logprobs) : ""));
  }

  void open_call(ToolCalls::Call& call, std::string& out) {
    if (call.opened) return;
    close(out);
    call.opened = true;
    const std::string id = fmt::format("fc_{}_{}", id_, index_);
    open(Open::call, id, function_call_item(id, call.id.empty() ? id : call.id, call.name, "", false), out);
  }

  void tell_arguments(ToolCalls::Call& call, std::string& out) {
    if (call.told == call.arguments.size()) return;
    const std::string fresh = in_quotes(std::string_view(call.arguments).substr(call.told));
    call.told = call.arguments.size();
    event(out, "response.function_call_arguments.delta", fmt::format("{},\"delta\":{}", place(false), fresh));
  }

  void tell_call(std::string& out) {
    auto* call = calls_.live();
    if (!call || call->name.empty()) return;
    open_call(*call, out);
    tell_arguments(*call, out);
  }

  std::string echo_, id_, item_id_, said_, logprobs_, items_;
  ResponseObject response_;
  ToolCalls calls_;
  Open open_ = Open::none;
  std::size_t index_ = 0, number_ = 0;
  bool begun_ = false;
};

class ResponsesDialect : public ClientDialect {
 public:
  std::string_view name() const override { return "responses"; }
  std::variant<ClientCall, ApiError> read(std::string_view body) const override { return responses_to_chat(body); }
  std::string reply(const ClientCall& call, std::string_view chat_reply) const override {
    return chat_to_responses_reply(call, chat_reply);
  }
  std::unique_ptr<ClientStream> stream(const ClientCall& call) const override { return responses_stream(call); }
  std::string error(const ApiError& e) const override { return to_json(e); }
};

}  // namespace

std::unique_ptr<ClientStream> responses_stream(const ClientCall& call) {
  return std::make_unique<ResponsesStream>(call);
}

const ClientDialect& responses_dialect() {
  static const ResponsesDialect dialect;
  return dialect;
}

}  // namespace wattline::serve
