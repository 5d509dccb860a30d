#include "serve/json_text.h"

#include <charconv>

#include <fmt/format.h>
#include <simdjson.h>

#include "serve/json_span.h"

namespace wattline::serve {
namespace {

void append_utf8(std::string& out, unsigned c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0 | (c >> 12));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | (c >> 18));
    out += static_cast<char>(0x80 | ((c >> 12) & 0x3f));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  }
}

// The four digits at `at`; nothing when they are not there.
std::optional<unsigned> hex4(std::string_view s, std::size_t at) {
  if (at + 4 > s.size()) return std::nullopt;
  unsigned value = 0;
  const auto [end, ec] = std::from_chars(s.data() + at, s.data() + at + 4, value, 16);
  if (ec != std::errc() || end != s.data() + at + 4) return std::nullopt;
  return value;
}

// `s` without its quotes.
std::string unescaped(std::string_view s) {
  std::string out;
  out.reserve(s.size());
  for (std::size_t i = 0; i < s.size();) {
    const std::size_t slash = s.find('\\', i);
    if (slash == std::string_view::npos || slash + 1 >= s.size()) {
      out += s.substr(i);
      break;
    }
    out += s.substr(i, slash - i);
    i = slash + 2;
    switch (const char c = s[slash + 1]) {
      case 'n': out += '\n'; break;
      case 't': out += '\t'; break;
      case 'r': out += '\r'; break;
      case 'b': out += '\b'; break;
      case 'f': out += '\f'; break;
      case 'u': {
        auto code = hex4(s, i);
        if (!code) break;
        i += 4;
        if (*code >= 0xd800 && *code < 0xdc00 && s.substr(i, 2) == "\\u") {
          const auto low = hex4(s, i + 2);
          if (low && *low >= 0xdc00 && *low < 0xe000) {
            i += 6;
            code = 0x10000 + ((*code - 0xd800) << 10) + (*low - 0xdc00);
          }
        }
        append_utf8(out, *code >= 0xd800 && *code < 0xe000 ? 0xfffd : *code);
        break;
      }
      default: out += c;
    }
  }
  return out;
}

// Past the comma at or after `at`, at the next thing that is no space; the end where there is no comma.
std::size_t after_comma(std::string_view s, std::size_t at) {
  at = skip_json_space(s, at);
  return at < s.size() && s[at] == ',' ? skip_json_space(s, at + 1) : s.size();
}

}  // namespace

std::optional<ApiError> check_json_object(std::string_view text, std::string_view what) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return invalid_request(fmt::format("{} is empty; a JSON object is needed", what));
  simdjson::dom::parser parser;
  if (parser.allocate(std::max<std::size_t>(text.size(), 64), dialect_max_depth))
    return api_error(503, fmt::format("not enough memory to read {}", what), "server_error");
  simdjson::dom::element root;
  if (const auto e = parser.parse(text.data(), text.size(), true).get(root))
    return invalid_request(e == simdjson::UTF8_ERROR
                               ? fmt::format("{} is not valid UTF-8", what)
                               : fmt::format("{} is not valid JSON: {}", what, simdjson::error_message(e)));
  if (!root.is_object()) return invalid_request(fmt::format("{} must be a JSON object", what));
  return std::nullopt;
}

JsonText::JsonText(std::string_view text) {
  const std::size_t begin = skip_json_space(text, 0);
  raw_ = text.substr(begin, skip_json_value(text, begin) - begin);
}

std::string JsonText::text() const {
  if (!is_string() || raw_.size() < 2) return {};
  const std::string_view inside = raw_.substr(1, raw_.size() - 2);
  return inside.find('\\') == std::string_view::npos ? std::string(inside) : unescaped(inside);
}

bool JsonText::is(std::string_view s) const {
  if (!is_string() || raw_.size() < 2) return false;
  const std::string_view inside = raw_.substr(1, raw_.size() - 2);
  return inside.find('\\') == std::string_view::npos ? inside == s : unescaped(inside) == s;
}

std::optional<std::int64_t> JsonText::integer() const {
  std::int64_t value = 0;
  const auto [end, ec] = std::from_chars(raw_.data(), raw_.data() + raw_.size(), value);
  if (raw_.empty() || ec != std::errc() || end != raw_.data() + raw_.size()) return std::nullopt;
  return value;
}

JsonText JsonText::operator[](std::string_view key) const {
  if (!is_object()) return {};
  if (const auto span = member_span(raw_, key)) return JsonText(span->of(raw_));
  if (raw_.find('\\') == std::string_view::npos) return {};
  for (auto& m : members())
    if (m.key == key) return m.value;
  return {};
}

std::vector<JsonText::Member> JsonText::members() const {
  std::vector<Member> out;
  if (!is_object()) return out;
  std::size_t at = skip_json_space(raw_, 1);
  while (at < raw_.size() && raw_[at] == '"') {
    const std::size_t key_end = skip_json_value(raw_, at);
    const JsonText key(raw_.substr(at, key_end - at));
    at = skip_json_space(raw_, key_end);
    if (at >= raw_.size() || raw_[at] != ':') break;
    const std::size_t begin = skip_json_space(raw_, at + 1);
    const std::size_t end = skip_json_value(raw_, begin);
    out.push_back({key.text(), JsonText(raw_.substr(begin, end - begin))});
    at = after_comma(raw_, end);
  }
  return out;
}

std::vector<JsonText> JsonText::elements() const {
  std::vector<JsonText> out;
  if (!is_array()) return out;
  std::size_t at = skip_json_space(raw_, 1);
  while (at < raw_.size() && raw_[at] != ']') {
    const std::size_t end = skip_json_value(raw_, at);
    if (end == at) break;
    out.emplace_back(raw_.substr(at, end - at));
    at = after_comma(raw_, end);
  }
  return out;
}

bool JsonText::empty() const {
  if (!is_object() && !is_array()) return true;
  const std::size_t at = skip_json_space(raw_, 1);
  return at >= raw_.size() || raw_[at] == '}' || raw_[at] == ']';
}

}  // namespace wattline::serve
