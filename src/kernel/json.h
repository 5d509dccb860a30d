// JSON, read and written in one place. Reading goes through simdjson into a small value tree (hot
// paths use simdjson directly); writing is one streaming writer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace wattline {

class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::vector<std::pair<std::string, Json>>;  // order and duplicates preserved

  Json() = default;  // null
  Json(bool b) : value_(b) {}
  Json(double d) : value_(d) {}
  Json(int i) : value_(static_cast<std::int64_t>(i)) {}
  Json(std::int64_t i) : value_(i) {}
  Json(std::uint64_t i);
  Json(const char* s) : value_(std::string(s)) {}
  Json(std::string_view s) : value_(std::string(s)) {}
  Json(std::string s) : value_(std::move(s)) {}
  Json(Array a) : value_(std::move(a)) {}
  Json(Object o) : value_(std::move(o)) {}

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  bool is_bool() const { return std::holds_alternative<bool>(value_); }
  bool is_number() const {
    return std::holds_alternative<double>(value_) || std::holds_alternative<std::int64_t>(value_);
  }
  bool is_integer() const { return std::holds_alternative<std::int64_t>(value_); }
  bool is_string() const { return std::holds_alternative<std::string>(value_); }
  bool is_array() const { return std::holds_alternative<Array>(value_); }
  bool is_object() const { return std::holds_alternative<Object>(value_); }

  // Typed reads; throw Error(bad_input) naming what was found.
  bool as_bool() const;
  double as_number() const;
  std::int64_t as_integer() const;
  const std::string& as_string() const;
  const Array& as_array() const;
  const Object& as_object() const;
  Array& as_array();
  Object& as_object();

  // Member of an object, or nullptr (also when this is no object). The last of duplicates wins.
  const Json* find(std::string_view key) const;
  // Member that must be there.
  const Json& at(std::string_view key) const;
  // Member with a default for absent or null.
  std::string text_or(std::string_view key, std::string_view fallback) const;
  double number_or(std::string_view key, double fallback) const;
  void set(std::string key, Json value);  // this must be an object or null

  std::string dump(int indent = 0) const;
  // 1 and 1.0 are the same number.
  bool operator==(const Json&) const;

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> value_;
};

// Parses one document; `where` names it in errors. Depth is limited to 256.
Json parse_json(std::string_view text, std::string_view where = "JSON");

// A streaming writer: begin/end, key, value. Commas and escaping are its business. Numbers print
// with the fewest digits that read back exactly; NaN and infinities print as null.
class JsonWriter {
 public:
  explicit JsonWriter(int indent = 0) : indent_(indent) {}
  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view);
  JsonWriter& value(std::string_view);
  JsonWriter& value(const char* s) { return value(std::string_view(s)); }
  JsonWriter& value(const std::string& s) { return value(std::string_view(s)); }
  JsonWriter& value(double);
  JsonWriter& value(std::int64_t);
  JsonWriter& value(int i) { return value(static_cast<std::int64_t>(i)); }
  JsonWriter& value(std::size_t i) { return value(static_cast<std::int64_t>(i)); }
  JsonWriter& value(bool);
  JsonWriter& null();
  JsonWriter& value(const Json&);
  JsonWriter& raw(std::string_view json);  // already JSON
  template <class T>
  JsonWriter& member(std::string_view k, const T& v) {
    return key(k).value(v);
  }
  const std::string& str() const { return out_; }
  std::string take() { return std::move(out_); }

 private:
  void separate();
  void newline();
  std::string out_;
  std::vector<bool> first_{true};
  bool after_key_ = false;
  int indent_ = 0;
};

// Appends `text` as a JSON string with quotes; invalid UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);
// A double with the fewest digits that read back as the same number.
std::string shortest(double);

}  // namespace wattline
