#include "serve/json_span.h"

namespace wattline::serve {
namespace {

constexpr std::string_view space = " \t\r\n";

// Past the string that begins at `at`.
std::size_t skip_string(std::string_view s, std::size_t at) {
  for (++at; at < s.size(); ++at) {
    const std::size_t quote = s.find('"', at);
    if (quote == std::string_view::npos) return s.size();
    std::size_t slashes = 0;
    while (slashes < quote - at && s[quote - 1 - slashes] == '\\') ++slashes;
    at = quote;
    if (slashes % 2 == 0) return quote + 1;
  }
  return s.size();
}

}  // namespace

std::size_t skip_json_value(std::string_view s, std::size_t at) {
  if (at >= s.size()) return at;
  if (s[at] == '"') return skip_string(s, at);
  if (s[at] != '{' && s[at] != '[') {
    const std::size_t end = s.find_first_of(",]} \t\r\n", at);
    return end == std::string_view::npos ? s.size() : end;
  }
  std::size_t depth = 0;
  while (at < s.size()) {
    const char c = s[at];
    if (c == '"') {
      at = skip_string(s, at);
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return at + 1;
    ++at;
  }
  return at;
}

std::size_t skip_json_space(std::string_view s, std::size_t at) {
  const std::size_t next = s.find_first_not_of(space, at);
  return next == std::string_view::npos ? s.size() : next;
}

std::optional<Span> member_span(std::string_view s, std::string_view key, std::size_t object_begin) {
  std::size_t at = skip_json_space(s, object_begin);
  if (at >= s.size() || s[at] != '{') return std::nullopt;
  at = skip_json_space(s, at + 1);
  while (at < s.size() && s[at] == '"') {
    const std::size_t key_end = skip_string(s, at);
    const std::string_view name = s.substr(at + 1, key_end - at - 2);
    at = skip_json_space(s, key_end);
    if (at >= s.size() || s[at] != ':') return std::nullopt;
    const std::size_t value = skip_json_space(s, at + 1);
    const std::size_t end = skip_json_value(s, value);
    if (name == key) return Span{value, end - value};
    at = skip_json_space(s, end);
    if (at >= s.size() || s[at] != ',') return std::nullopt;
    at = skip_json_space(s, at + 1);
  }
  return std::nullopt;
}

std::optional<Span> last_member_span(std::string_view s, std::string_view quoted_key) {
  // In valid JSON these bytes are a whole string: within one, quotes have a backslash before them.
  if (s.size() < quoted_key.size()) return std::nullopt;
  std::size_t found = s.size() - quoted_key.size() + 1;
  const char* const bytes = s.data();
  do {
    if (found-- == 0) return std::nullopt;
  } while (bytes[found] != '"' || s.compare(found, quoted_key.size(), quoted_key) != 0);
  const std::string_view key = quoted_key.substr(1, quoted_key.size() - 2);
  std::size_t at = skip_json_space(s, found + quoted_key.size());
  if (at >= s.size() || s[at] != ':') return member_span(s, key);  // a value
  const std::size_t value = skip_json_space(s, at + 1);
  const std::size_t end = skip_json_value(s, value);
  // It is of the outermost object if from here on nothing but that one ends.
  for (at = skip_json_space(s, end); at < s.size() && s[at] == ',';) {
    at = skip_json_space(s, at + 1);
    at = skip_json_space(s, skip_json_value(s, at));
    if (at >= s.size() || s[at] != ':') return member_span(s, key);  // in an array
    at = skip_json_space(s, skip_json_value(s, skip_json_space(s, at + 1)));
  }
  const bool outermost = at < s.size() && s[at] == '}' && skip_json_space(s, at + 1) == s.size();
  if (!outermost) return member_span(s, key);
  return Span{value, end - value};
}

}  // namespace wattline::serve
