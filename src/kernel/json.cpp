#include "kernel/json.h"

#include <charconv>
#include <cmath>

#include <fmt/format.h>
#include <simdjson.h>

#include "kernel/error.h"
#include "kernel/utf8.h"

namespace wattline {
namespace {

constexpr int max_depth = 256;

const char* kind_of(const Json& j) {
  if (j.is_null()) return "null";
  if (j.is_bool()) return "a boolean";
  if (j.is_number()) return "a number";
  if (j.is_string()) return "a string";
  if (j.is_array()) return "an array";
  return "an object";
}

[[noreturn]] void wrong_kind(const char* wanted, const Json& found) {
  throw bad_input(fmt::format("expected {}, found {}", wanted, kind_of(found)));
}

Json convert(simdjson::dom::element e, int depth) {
  if (depth > max_depth) throw bad_input(fmt::format("nested deeper than {} levels", max_depth));
  using simdjson::dom::element_type;
  switch (e.type()) {
    case element_type::NULL_VALUE: return {};
    case element_type::BOOL: return Json(bool(e));
    case element_type::INT64: return Json(std::int64_t(e));
    case element_type::UINT64: return Json(static_cast<double>(std::uint64_t(e)));
    case element_type::DOUBLE: return Json(double(e));
    case element_type::STRING: return Json(std::string_view(e));
    case element_type::ARRAY: {
      Json::Array out;
      for (auto child : simdjson::dom::array(e)) out.push_back(convert(child, depth + 1));
      return Json(std::move(out));
    }
    case element_type::OBJECT: {
      Json::Object out;
      for (auto [key, child] : simdjson::dom::object(e)) out.emplace_back(std::string(key), convert(child, depth + 1));
      return Json(std::move(out));
    }
  }
  return {};
}

}  // namespace

Json::Json(std::uint64_t i) {
  if (i <= static_cast<std::uint64_t>(INT64_MAX)) value_ = static_cast<std::int64_t>(i);
  else value_ = static_cast<double>(i);
}

bool Json::as_bool() const {
  if (!is_bool()) wrong_kind("a boolean", *this);
  return std::get<bool>(value_);
}
double Json::as_number() const {
  if (is_integer()) return static_cast<double>(std::get<std::int64_t>(value_));
  if (!is_number()) wrong_kind("a number", *this);
  return std::get<double>(value_);
}
std::int64_t Json::as_integer() const {
  if (is_integer()) return std::get<std::int64_t>(value_);
  if (is_number()) {
    const double d = std::get<double>(value_);
    if (d == std::floor(d) && std::abs(d) < 9.0e15) return static_cast<std::int64_t>(d);
    throw bad_input(fmt::format("expected a whole number, found {}", d));
  }
  wrong_kind("a whole number", *this);
}
const std::string& Json::as_string() const {
  if (!is_string()) wrong_kind("a string", *this);
  return std::get<std::string>(value_);
}
const Json::Array& Json::as_array() const {
  if (!is_array()) wrong_kind("an array", *this);
  return std::get<Array>(value_);
}
const Json::Object& Json::as_object() const {
  if (!is_object()) wrong_kind("an object", *this);
  return std::get<Object>(value_);
}
Json::Array& Json::as_array() { return const_cast<Array&>(std::as_const(*this).as_array()); }
Json::Object& Json::as_object() { return const_cast<Object&>(std::as_const(*this).as_object()); }

const Json* Json::find(std::string_view key) const {
  if (!is_object()) return nullptr;
  const auto& members = std::get<Object>(value_);
  for (auto it = members.rbegin(); it != members.rend(); ++it)
    if (it->first == key) return &it->second;
  return nullptr;
}

const Json& Json::at(std::string_view key) const {
  if (!is_object()) wrong_kind("an object", *this);
  if (const Json* member = find(key)) return *member;
  throw bad_input(fmt::format("member '{}' is missing", key));
}

std::string Json::text_or(std::string_view key, std::string_view fallback) const {
  const Json* member = find(key);
  return member && !member->is_null() ? member->as_string() : std::string(fallback);
}

double Json::number_or(std::string_view key, double fallback) const {
  const Json* member = find(key);
  return member && !member->is_null() ? member->as_number() : fallback;
}

void Json::set(std::string key, Json value) {
  if (is_null()) value_ = Object{};
  auto& members = as_object();
  for (auto& [name, member] : members)
    if (name == key) {
      member = std::move(value);
      return;
    }
  members.emplace_back(std::move(key), std::move(value));
}

bool Json::operator==(const Json& o) const {
  if (is_number() && o.is_number() && is_integer() != o.is_integer()) return as_number() == o.as_number();
  return value_ == o.value_;
}

std::string Json::dump(int indent) const {
  JsonWriter w(indent);
  w.value(*this);
  return w.take();
}

Json parse_json(std::string_view text, std::string_view where) {
  simdjson::dom::parser parser;
  if (parser.allocate(std::max<std::size_t>(text.size(), 64), max_depth + 1))
    throw world_error("not enough memory to read the document", std::string(where));
  simdjson::dom::element root;
  const auto error = parser.parse(text.data(), text.size()).get(root);
  if (error) throw bad_input(fmt::format("not valid JSON: {}", simdjson::error_message(error)), std::string(where));
  return convert(root, 0);
}

std::string shortest(double d) {
  if (!std::isfinite(d)) return "null";
  char buffer[32];
  const auto [end, ec] = std::to_chars(buffer, buffer + sizeof buffer, d);
  return std::string(buffer, end);
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const auto is_plain = [](unsigned char c) { return c >= 0x20 && c < 0x80 && c != '"' && c != '\\'; };
    std::size_t end = i;
    while (end < text.size() && is_plain(static_cast<unsigned char>(text[end]))) ++end;
    if (end > i) {
      out.append(text, i, end - i);
      i = end;
      continue;
    }
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) {
      if (const std::size_t n = utf8_length(text, i)) {
        out.append(text, i, n);
        i += n;
      } else {
        out += "\xEF\xBF\xBD";
        ++i;
      }
      continue;
    }
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default: out += fmt::format("\\u{:04x}", c);
    }
    ++i;
  }
  out += '"';
}

void JsonWriter::newline() {
  if (indent_ == 0) return;
  out_ += '\n';
  out_.append((first_.size() - 1) * static_cast<std::size_t>(indent_), ' ');
}

void JsonWriter::separate() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (!first_.back()) out_ += ',';
  first_.back() = false;
  if (first_.size() > 1) newline();
}

JsonWriter& JsonWriter::begin_object() {
  separate();
  out_ += '{';
  first_.push_back(true);
  return *this;
}
JsonWriter& JsonWriter::end_object() {
  const bool empty = first_.back();
  first_.pop_back();
  if (!empty) newline();
  out_ += '}';
  return *this;
}
JsonWriter& JsonWriter::begin_array() {
  separate();
  out_ += '[';
  first_.push_back(true);
  return *this;
}
JsonWriter& JsonWriter::end_array() {
  const bool empty = first_.back();
  first_.pop_back();
  if (!empty) newline();
  out_ += ']';
  return *this;
}
JsonWriter& JsonWriter::key(std::string_view k) {
  separate();
  append_json_string(out_, k);
  out_ += indent_ ? ": " : ":";
  after_key_ = true;
  return *this;
}
JsonWriter& JsonWriter::value(std::string_view s) {
  separate();
  append_json_string(out_, s);
  return *this;
}
JsonWriter& JsonWriter::value(double d) {
  separate();
  out_ += shortest(d);
  return *this;
}
JsonWriter& JsonWriter::value(std::int64_t i) {
  separate();
  out_ += std::to_string(i);
  return *this;
}
JsonWriter& JsonWriter::value(bool b) {
  separate();
  out_ += b ? "true" : "false";
  return *this;
}
JsonWriter& JsonWriter::null() {
  separate();
  out_ += "null";
  return *this;
}
JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}
JsonWriter& JsonWriter::value(const Json& j) {
  if (j.is_null()) return null();
  if (j.is_bool()) return value(j.as_bool());
  if (j.is_integer()) return value(j.as_integer());
  if (j.is_number()) return value(j.as_number());
  if (j.is_string()) return value(std::string_view(j.as_string()));
  if (j.is_array()) {
    begin_array();
    for (const auto& e : j.as_array()) value(e);
    return end_array();
  }
  begin_object();
  for (const auto& [k, v] : j.as_object()) key(k).value(v);
  return end_object();
}

}  // namespace wattline
