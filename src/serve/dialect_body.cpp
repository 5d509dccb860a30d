#include "serve/dialect_body.h"

#include <algorithm>

#include <fmt/format.h>

namespace wattline::serve {
namespace {

std::string shown(JsonText v) {
  if (v.none()) return v.present() ? "null" : "nothing";
  if (v.is_object()) return "an object";
  if (v.is_array()) return "an array";
  if (v.is_string()) return "a string";
  return v.is_bool() ? "a boolean" : "a number";
}

[[noreturn]] void wrong(std::string_view path, std::string_view wanted, JsonText found) {
  refuse(path, fmt::format("must be {}, not {}", wanted, shown(found)));
}

}  // namespace

void refuse(std::string_view member, std::string_view message) {
  throw Refusal{invalid_request(fmt::format("'{}' {}", member, message), std::string(member))};
}

void untranslatable(std::string_view member, std::string_view why) {
  throw Refusal{invalid_request(fmt::format("'{}' cannot be handed on: {}", member, why), std::string(member),
                                "unsupported_member")};
}

std::string at(std::string_view path, std::string_view member) {
  return path.empty() ? std::string(member) : fmt::format("{}.{}", path, member);
}

std::string at(std::string_view path, std::size_t index) { return fmt::format("{}[{}]", path, index); }

std::vector<JsonText::Member> members_of(JsonText v, std::string_view path) {
  if (!v.is_object()) wrong(path, "an object", v);
  auto out = v.members();
  std::vector<std::string_view> names;
  names.reserve(out.size());
  for (const auto& m : out) names.push_back(m.key);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) refuse(at(path, twice->substr(0, 100)), "is given twice");
  return out;
}

std::vector<JsonText> elements_of(JsonText v, std::string_view path) {
  if (!v.is_array()) wrong(path, "an array", v);
  return v.elements();
}

std::string string_of(JsonText v, std::string_view path) {
  if (!v.is_string()) wrong(path, "a string", v);
  return v.text();
}

bool flag_of(JsonText v, std::string_view path) {
  if (v.none()) return false;
  if (!v.is_bool()) wrong(path, "true or false", v);
  return v.is_true();
}

std::int64_t integer_of(JsonText v, std::string_view path, std::int64_t low, std::int64_t high) {
  const auto n = v.integer();
  if (!n || *n < low || *n > high) refuse(path, fmt::format("must be a whole number of {} to {}", low, high));
  return *n;
}

JsonText find_in(const std::vector<JsonText::Member>& members, std::string_view key) {
  for (const auto& m : members)
    if (m.key == key) return m.value;
  return {};
}

JsonText quoted_in(JsonText object, std::string_view member, std::string_view path) {
  if (!object.is_object()) wrong(path, "an object", object);
  const JsonText v = object[member];
  if (!v.is_string()) wrong(at(path, member), "a string", v);
  return v;
}

std::string string_in(JsonText object, std::string_view member, std::string_view path) {
  return quoted_in(object, member, path).text();
}

std::string arguments_object(std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return "{}";
  if (!check_json_object(text, "arguments")) return std::string(JsonText(text).raw());
  std::string out = "{\"arguments\":";
  append_json_string(out, text);
  return out + "}";
}

}  // namespace wattline::serve
