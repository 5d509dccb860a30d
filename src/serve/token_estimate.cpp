#include "serve/token_estimate.h"

#include <algorithm>
#include <cmath>

#include <simdjson.h>

namespace wattline::serve {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t max_depth = 128;
constexpr std::size_t kept_parser_limit = std::size_t{256} << 10;
constexpr double bytes_per_token = 4, image = 8192, message = 4, tool_use = 8, tool = 8;
constexpr double most_answers = 128, most_output = 1e9;

// Bytes of the value as compact JSON, without looking whether texts need escapes.
double json_bytes(dom::element v) {
  double n = 0;
  switch (v.type()) {
    case dom::element_type::ARRAY:
      n = 2;
      for (const auto e : dom::array(v)) n += json_bytes(e) + 1;
      return n;
    case dom::element_type::OBJECT:
      n = 2;
      for (const auto [key, value] : dom::object(v)) n += static_cast<double>(key.size()) + 4 + json_bytes(value);
      return n;
    case dom::element_type::STRING: return static_cast<double>(std::string_view(v).size()) + 2;
    default: return 4;
  }
}

double text_bytes(dom::element v) {
  std::string_view text;
  return v.get_string().get(text) ? 0 : static_cast<double>(text.size());
}

bool is_image(std::string_view type) { return type == "image_url" || type == "input_image" || type == "image"; }

struct Counted {
  double text = 0, other = 0;
  void content(dom::element v, bool structured);
  void part(dom::object p, bool structured);
  void one_message(dom::element v);
  void messages(dom::element v);
  void tools(dom::element v);
};

// A text, or a list of parts: those of OpenAI's chat, of its responses and of Anthropic's messages.
void Counted::content(dom::element v, bool structured) {
  (structured ? other : text) += text_bytes(v);
  dom::array parts;
  if (v.get_array().get(parts)) return;
  for (const auto e : parts) {
    dom::object p;
    if (e.get_object().get(p)) text += text_bytes(e);
    else part(p, structured);
  }
}

void Counted::part(dom::object p, bool structured) {
  std::string_view type;
  if (p["type"].get_string().get(type)) type = {};
  if (is_image(type)) {
    other += image;
    return;
  }
  if (type == "tool_use") {
    dom::element input;
    other += tool_use;
    if (!p["input"].get(input)) other += json_bytes(input);
    return;
  }
  dom::element v;
  if (type == "tool_result") {
    other += tool_use;
    if (!p["content"].get(v)) content(v, true);
    return;
  }
  for (const char* member : {"text", "thinking"})
    if (!p[member].get(v)) (structured ? other : text) += text_bytes(v);
}

void Counted::one_message(dom::element v) {
  dom::object m;
  if (v.get_object().get(m)) {
    text += text_bytes(v);
    return;
  }
  other += message;
  std::string_view role;
  if (m["role"].get_string().get(role)) role = {};
  const bool result = role == "tool" || role == "function";
  if (result) other += tool_use;
  for (const auto [key, value] : m) {
    if (key == "content") content(value, result);
    else if (key == "name") text += text_bytes(value);
    else if (key == "arguments" || key == "output") other += text_bytes(value);
    else if (key == "tool_calls" || key == "function_call") {
      dom::array calls;
      if (value.get_array().get(calls)) {
        other += value.is_null() ? 0 : tool_use + json_bytes(value);
        continue;
      }
      for (const auto call : calls) {
        dom::element function;
        other += tool_use + (call["function"].get(function) ? json_bytes(call) : json_bytes(function));
      }
    }
  }
}

void Counted::messages(dom::element v) {
  dom::array list;
  if (v.get_array().get(list)) {
    text += text_bytes(v);
    return;
  }
  for (const auto e : list) one_message(e);
}

void Counted::tools(dom::element v) {
  dom::array list;
  if (v.get_array().get(list)) return;
  for (const auto e : list) other += tool + json_bytes(e);
}

std::optional<double> count(dom::element v, double most) {
  double n = 0;
  if (v.get_double().get(n) || !(n > 0)) return std::nullopt;
  return std::min(std::ceil(n), most);
}

TokenEstimate estimate(dom::object root) {
  Counted c;
  TokenEstimate out;
  for (const auto [key, value] : root) {
    if (key == "messages" || key == "input" || key == "prompt") c.messages(value);
    else if (key == "system" || key == "instructions") c.content(value, false);
    else if (key == "tools" || key == "functions") c.tools(value);
    else if (key == "response_format" || key == "text") c.other += value.is_object() ? json_bytes(value) : 0;
    else if (key == "max_tokens" || key == "max_completion_tokens" || key == "max_output_tokens") {
      if (const auto n = count(value, most_output)) out.output = std::max(out.output.value_or(0), *n);
    } else if (key == "n") {
      out.answers = count(value, most_answers).value_or(1);
    }
  }
  out.input = std::ceil(c.text / bytes_per_token) + c.other;
  return out;
}

}  // namespace

struct TokenEstimator::Impl {
  dom::parser parser;
};

TokenEstimator::TokenEstimator() : impl_(std::make_unique<Impl>()) {}
TokenEstimator::~TokenEstimator() = default;
TokenEstimator::TokenEstimator(TokenEstimator&&) noexcept = default;

TokenEstimate TokenEstimator::read(std::string& body) {
  const TokenEstimate as_text{std::ceil(static_cast<double>(body.size()) / bytes_per_token), std::nullopt, 1};
  if (body.capacity() < body.size() + simdjson::SIMDJSON_PADDING)
    body.reserve(body.size() + simdjson::SIMDJSON_PADDING);
  std::optional<dom::parser> own;
  if (body.size() > kept_parser_limit) own.emplace();
  dom::parser& parser = own ? *own : impl_->parser;
  if (parser.max_depth() != max_depth || parser.capacity() < body.size())
    if (parser.allocate(std::max(body.size(), parser.capacity()), max_depth)) return as_text;
  dom::element document;
  dom::object root;
  if (parser.parse(body.data(), body.size(), false).get(document) || document.get_object().get(root)) return as_text;
  return estimate(root);
}

double TokenCalibration::of(const TokenEstimate& e) const {
  constexpr auto relaxed = std::memory_order_relaxed;
  const bool known = samples_.load(relaxed) >= needed;
  const double output = e.output ? *e.output : known ? output_.load(relaxed) : usual_output;
  return std::ceil(e.input / (known ? ratio_.load(relaxed) : 1) + output * e.answers);
}

void TokenCalibration::learn(const TokenEstimate& e, std::int64_t tokens_in, std::int64_t tokens_out) {
  constexpr auto relaxed = std::memory_order_relaxed;
  if (tokens_in <= 0 || e.input <= 0) return;
  const double seen = std::clamp(e.input / static_cast<double>(tokens_in), 0.01, 100.0), now = ratio_.load(relaxed);
  ratio_.store(now + (seen < now ? 0.9 : 0.1) * (seen - now), relaxed);
  const double out = static_cast<double>(tokens_out) / e.answers, mean = output_.load(relaxed);
  const int n = samples_.load(relaxed);
  // The mean of the first, then a running one.
  output_.store(n == 0 ? out : mean + (out - mean) / std::min(n + 1, 200), relaxed);
  if (n < 1'000'000) samples_.store(n + 1, relaxed);
}

}  // namespace wattline::serve
