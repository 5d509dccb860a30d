#include "serve/reply_reader.h"

#include <algorithm>

#include <simdjson.h>

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
    if (key == "prompt_tokens") out.in = count_of(value);
    else if (key == "completion_tokens") out.out = count_of(value);
    else if (key == "prompt_tokens_details") {
      dom::element cached;
      if (!value.at_key("cached_tokens").get(cached)) out.cached = count_of(cached);
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
      out.has_content = true;
      for (dom::element call : calls) {
        std::string_view arguments;
        if (!call["function"]["arguments"].get_string().get(arguments)) out.content_bytes += arguments.size();
      }
    }
  }
}

void look_at_choices(dom::array choices, ReplyFacts& out) {
  for (dom::element choice : choices) {
    out.has_choices = true;
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
      }
    }
  }
}

void look_at_error(dom::element error, ReplyFacts& out) {
  if (error.is_null()) return;
  out.is_error = true;
  std::string_view message;
  if (error.get_string().get(message) && error["message"].get_string().get(message)) return;
  out.error_message = message.substr(0, 500);
}

}  // namespace

struct ReplyReader::Impl {
  dom::parser parser;
};
ReplyReader::ReplyReader() : impl_(std::make_unique<Impl>()) {}
ReplyReader::~ReplyReader() = default;
ReplyReader::ReplyReader(ReplyReader&&) noexcept = default;

ReplyFacts ReplyReader::read(std::string_view text) {
  ReplyFacts out;
  if (text.empty()) return out;
  std::optional<dom::parser> own;
  if (text.size() > kept_parser_limit) own.emplace();
  dom::parser& parser = own ? *own : impl_->parser;
  if (parser.max_depth() != max_depth || parser.capacity() < text.size())
    if (parser.allocate(std::max(text.size(), parser.capacity()), max_depth)) return out;
  dom::element document;
  if (parser.parse(text.data(), text.size(), true).get(document)) return out;
  dom::object root;
  if (document.get_object().get(root)) return out;
  out.is_object = true;
  for (auto [key, value] : root) {
    if (key == "choices") {
      dom::array choices;
      if (!value.get_array().get(choices)) look_at_choices(choices, out);
    } else if (key == "usage") {
      dom::object usage;
      if (!value.get_object().get(usage)) out.usage = usage_of(usage);
    } else if (key == "error") {
      look_at_error(value, out);
    }
  }
  return out;
}

Injection inject_account(std::string_view text, std::string_view account, std::string& inserted) {
  inserted.clear();
  const auto put = [&](std::string_view before, std::string_view after) {
    inserted.append(before).append("\"wattline\":").append(account).append(after);
  };
  const auto usage = member_span(text, "usage");
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
