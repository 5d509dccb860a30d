// A JSON text taken apart as written: every value is a slice of the text, so what is carried from one
// dialect to another (schemas, images, numbers of any length) is copied byte for byte, never rebuilt.
//
// The text must have been found valid by check_json_object; on other text the walk still ends and stays
// inside, but what it yields means nothing.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "serve/api_error.h"

namespace wattline::serve {

// Deeper than any request that means something; what is translated grows by a few levels and must still be read.
inline constexpr std::size_t dialect_max_depth = 100;

// Nothing when `text` is one valid JSON object no deeper than that; else what is wrong (status 400, or 503
// without memory). `what` begins the message: "the body".
std::optional<ApiError> check_json_object(std::string_view text, std::string_view what);

class JsonText {
 public:
  struct Member;
  JsonText() = default;  // absent
  explicit JsonText(std::string_view text);

  std::string_view raw() const { return raw_; }
  bool present() const { return !raw_.empty(); }
  // Absent or null: dialects treat them alike.
  bool none() const { return raw_.empty() || raw_[0] == 'n'; }
  bool is_string() const { return starts('"'); }
  bool is_object() const { return starts('{'); }
  bool is_array() const { return starts('['); }
  bool is_true() const { return starts('t'); }
  bool is_false() const { return starts('f'); }
  bool is_bool() const { return is_true() || is_false(); }
  bool is_number() const { return !raw_.empty() && (raw_[0] == '-' || (raw_[0] >= '0' && raw_[0] <= '9')); }

  // A string's value, "" of anything else. Halves of surrogate pairs become U+FFFD.
  std::string text() const;
  // Whether it is the string `s`.
  bool is(std::string_view s) const;
  // A whole number that fits; nothing of anything else.
  std::optional<std::int64_t> integer() const;
  // Of an object, the first of that name; absent when there is none or this is no object.
  JsonText operator[](std::string_view key) const;
  std::vector<Member> members() const;  // of an object, in order; empty of anything else
  std::vector<JsonText> elements() const;  // of an array
  bool empty() const;  // no member or element

 private:
  bool starts(char c) const { return !raw_.empty() && raw_[0] == c; }
  std::string_view raw_;
};

struct JsonText::Member {
  std::string key;  // decoded
  JsonText value;
};

}  // namespace wattline::serve
