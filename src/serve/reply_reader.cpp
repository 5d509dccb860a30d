#include "serve/reply_reader.h"

#include <algorithm>

#include <simdjson.h>

#include "serve/dialect_messages.h"

namespace wattline::serve {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t max_depth = 128;
constexpr std::size_t kept_parser_limit = std::size_t{256} << 10;

std::int64_t count_of(dom::element v) {
  std::int64_t n = 0;
  if (v.get_int64().get(n)) {
    double d = 0;
    if (v.get_double().get(d) || !(d >= 0 && d < 9e15)) return 0;
    n = static_cast<std::int64_t>(d);
  }
  return std::clamp<std::int64_t>(n, 0, std::int64_t{1} << 50);
}

TokenUsage usage_of(dom::object usage) {
  TokenUsage out;
  for (auto [key, value] : usage) {
    if (key == "prompt_tokens") out.in += count_of(value);
    else if (key == "completion_tokens" || key == "output_tokens") out.out = count_of(value);
    else if (key == "prompt_tokens_details" || key == "input_tokens_details") {
      dom::element cached;
      if (!value.at_key("cached_tokens").get(cached)) out.cached = count_of(cached);
    } else if (key == "input_tokens" || key == "cache_creation_input_tokens") {
      out.in += count_of(value);
    } else if (key == "cache_read_input_tokens") {
      // Anthropic counts what a cache gave apart.
      out.cached = count_of(value);
      out.in += out.cached;
    }
  }
  out.cached = std::min(out.cached, out.in);
  return out;
}

std::size_t text_size(dom::element v) {
  std::string_view s;
  return v.get_string().get(s) ? 0 : s.size();
}

// A delta of a stream or a message of a whole reply.
void look_at_message(dom::object message, ReplyFacts& out) {
  for (auto [key, value] : message) {
    if (key == "content" || key == "reasoning_content" || key == "reasoning" || key == "refusal") {
      const std::size_t n = text_size(value);
      out.content_bytes += n;
      out.has_content = out.has_content || n > 0;
    } else if (key == "tool_calls") {
      dom::array calls;
      if (value.get_array().get(calls) || calls.size() == 0) continue;
      out.has_content = out.calls_tools = true;
      for (dom::element call : calls) {
        std::string_view arguments;
        if (!call["function"]["arguments"].get_string().get(arguments)) out.content_bytes += arguments.size();
      }
    } else if (key == "function_call") {
      out.calls_tools = out.calls_tools || !value.is_null();
    }
  }
}

void look_at_choices(dom::array choices, ReplyFacts& out) {
  std::int64_t position = 0, others = 0;
  for (dom::element choice : choices) {
    out.has_choices = true;
    std::int64_t index = position++;
    dom::object members;
    if (choice.get_object().get(members)) continue;
    for (auto [key, value] : members) {
      dom::object message;
      std::string_view reason;
      if (key == "delta" || key == "message") {
        if (!value.get_object().get(message)) look_at_message(message, out);
      } else if (key == "text") {
        const std::size_t n = text_size(value);
        out.content_bytes += n;
        out.has_content = out.has_content || n > 0;
      } else if (key == "finish_reason" && !value.get_string().get(reason)) {
        out.finish_reason = reason.substr(0, 64);
        (reason == "stop" ? out.stopped : others) += 1;
      } else if (key == "index") {
        index = count_of(value);
      }
    }
    out.choices = std::max(out.choices, index + 1);
  }
  out.ended_otherwise = others > 0;
}

void look_at_error(dom::element error, ReplyFacts& out) {
  if (error.is_null()) return;
  out.is_error = true;
  std::string_view message;
  if (error.get_string().get(message) && error["message"].get_string().get(message)) return;
  out.error_message = message.substr(0, 500);
}

// Members at the root of what is no chat completion: messages and responses, whole or as events.
struct Typed {
  std::string_view type;
  dom::element message, delta, response, content, output, stop_reason, status;
  bool has_message = false, has_delta = false, has_response = false, has_content = false, has_output = false,
       has_stop_reason = false, has_status = false;
};

void count_text(std::size_t bytes, ReplyFacts& out) {
  out.content_bytes += bytes;
  out.has_content = out.has_content || bytes > 0;
}

// Blocks of a message, items of a response and their parts: whatever of them is text.
void look_at_blocks(dom::element list, ReplyFacts& out, int depth = 0) {
  dom::array blocks;
  if (list.get_array().get(blocks)) return;
  for (dom::element block : blocks) {
    dom::object members;
    if (block.get_object().get(members)) continue;
    for (auto [key, value] : members) {
      if (key == "text" || key == "thinking" || key == "arguments" || key == "refusal")
        count_text(text_size(value), out);
      else if (key == "input") count_text(2, out);
      else if (key == "content" && depth == 0) look_at_blocks(value, out, 1);
    }
  }
}

void look_at_stop_reason(dom::element v, ReplyFacts& out) {
  std::string_view reason;
  if (!v.get_string().get(reason)) out.finish_reason = finish_reason_of(reason);
}

void look_at_response(dom::object response, ReplyFacts& out) {
  for (auto [key, value] : response) {
    dom::object usage;
    std::string_view status;
    if (key == "usage") {
      if (!value.get_object().get(usage)) out.usage = usage_of(usage);
    } else if (key == "status" && !value.get_string().get(status)) {
      if (status == "completed") out.finish_reason = "stop";
      else if (status == "incomplete") out.finish_reason = "length";
    } else if (key == "error") {
      look_at_error(value, out);
    }
  }
}

void look_at_typed(const Typed& t, ReplyFacts& out) {
  if (t.has_stop_reason) look_at_stop_reason(t.stop_reason, out);
  if (t.has_content) look_at_blocks(t.content, out);
  if (t.has_output) look_at_blocks(t.output, out);
  dom::object members;
  if (t.has_response && !t.response.get_object().get(members)) look_at_response(members, out);
  std::string_view status;
  if (t.has_status && !t.status.get_string().get(status) && !status.empty())
    out.finish_reason = status == "incomplete" ? "length" : "stop";
  if (t.type.empty()) return;
  if (t.has_message && !t.message.get_object().get(members)) {
    dom::element usage;
    dom::object counts;
    if (!members.at_key("usage").get(usage) && !usage.get_object().get(counts)) out.usage = usage_of(counts);
    out.partial_usage = true;
  }
  if (t.has_delta) {
    count_text(text_size(t.delta), out);
    if (!t.delta.get_object().get(members))
      for (auto [key, value] : members) {
        if (key == "text" || key == "thinking" || key == "partial_json") count_text(text_size(value), out);
        else if (key == "stop_reason") look_at_stop_reason(value, out);
      }
  }
  out.ends = t.type == "message_stop" || t.type == "response.completed" || t.type == "response.incomplete";
  out.takes_account = (t.type == "message_delta" && out.usage) || (out.ends && t.has_response);
  if (t.type == "error" || t.type == "response.failed") out.is_error = true;
}

}  // namespace

struct ReplyReader::Impl {
  dom::parser parser;
};
ReplyReader::ReplyReader() : impl_(std::make_unique<Impl>()) {}
ReplyReader::~ReplyReader() = default;
ReplyReader::ReplyReader(ReplyReader&&) noexcept = default;

ReplyFacts ReplyReader::read(std::string& text) {
  text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
  return read(text, true);
}

ReplyFacts ReplyReader::read(std::string_view text, bool padded) {
  ReplyFacts out;
  if (text.empty()) return out;
  std::optional<dom::parser> own;
  if (text.size() > kept_parser_limit) own.emplace();
  dom::parser& parser = own ? *own : impl_->parser;
  if (parser.max_depth() != max_depth || parser.capacity() < text.size())
    if (parser.allocate(std::max(text.size(), parser.capacity()), max_depth)) return out;
  dom::element document;
  if (parser.parse(text.data(), text.size(), !padded).get(document)) return out;
  dom::object root;
  if (document.get_object().get(root)) return out;
  out.is_object = true;
  Typed typed;
  bool is_typed = false, is_chat = false;
  const auto keep = [&](dom::element value, dom::element& to, bool& has) {
    to = value;
    has = is_typed = true;
  };
  for (auto [key, value] : root) {
    if (key == "choices") {
      dom::array choices;
      is_chat = true;
      if (!value.get_array().get(choices)) look_at_choices(choices, out);
    } else if (key == "usage") {
      dom::object usage;
      if (!value.get_object().get(usage)) out.usage = usage_of(usage);
    } else if (key == "error") {
      look_at_error(value, out);
    } else if (key == "type") {
      is_typed = !value.get_string().get(typed.type) || is_typed;
    } else if (key == "delta") {
      keep(value, typed.delta, typed.has_delta);
    } else if (key == "message") {
      keep(value, typed.message, typed.has_message);
      std::string_view words;
      if (!value.get_string().get(words)) out.error_message = words.substr(0, 500);
    } else if (key == "response") {
      keep(value, typed.response, typed.has_response);
    } else if (key == "content") {
      keep(value, typed.content, typed.has_content);
    } else if (key == "output") {
      keep(value, typed.output, typed.has_output);
    } else if (key == "stop_reason") {
      keep(value, typed.stop_reason, typed.has_stop_reason);
    } else if (key == "status") {
      keep(value, typed.status, typed.has_status);
    }
  }
  if (is_typed && !is_chat) look_at_typed(typed, out);
  else out.takes_account = out.usage && !out.has_choices;
  return out;
}

Injection inject_account(std::string_view text, std::string_view account, std::string& inserted,
                         std::string_view within) {
  inserted.clear();
  if (!within.empty()) {
    const auto inner = member_span(text, within);
    if (inner && text[inner->begin] == '{') {
      Injection i = inject_account(inner->of(text), account, inserted);
      i.before = text.substr(0, inner->begin + i.before.size());
      i.after = text.substr(inner->begin + inner->size - i.after.size());
      return i;
    }
  }
  const auto put = [&](std::string_view before, std::string_view after) {
    inserted.append(before).append("\"wattline\":").append(account).append(after);
  };
  const auto usage = last_member_span(text, "\"usage\"");
  if (usage && text[usage->begin] == '{') {
    const std::size_t end = usage->begin + usage->size - 1;
    const bool has_members = usage->of(text).find('"') != std::string_view::npos;
    put(has_members ? "," : "", "");
    return {text.substr(0, end), text.substr(end), 0};
  }
  if (usage) {
    put("{", "}");
    return {text.substr(0, usage->begin), text.substr(usage->begin + usage->size), usage->size};
  }
  const std::size_t close = text.rfind('}');
  const std::size_t open = text.find('{');
  const bool has_members = text.substr(open + 1, close - open - 1).find('"') != std::string_view::npos;
  put(has_members ? ",\"usage\":{" : "\"usage\":{", "}");
  return {text.substr(0, close), text.substr(close), 0};
}

}  // namespace wattline::serve
