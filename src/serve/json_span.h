// Where the value of a top-level member lies in the text of a JSON object.
//
// simdjson's runtime-dispatched parser says what a document holds, not where; to change one member
// in place and hand on the rest byte for byte, the place is needed too. The text must already have
// been parsed as valid JSON.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace wattline::serve {

struct Span {
  std::size_t begin = 0, size = 0;
  std::string_view of(std::string_view text) const { return text.substr(begin, size); }
  bool empty() const { return size == 0; }
};

// The value of the first member whose key is written exactly `key` (no escapes) in the object that
// begins at `object_begin` (white space before it allowed).
std::optional<Span> member_span(std::string_view valid_json, std::string_view key, std::size_t object_begin = 0);

// The value of the last member with this key, given with its quotes ("\"usage\""): quick where it stands near the end, as
// servers write it. The text is one object.
std::optional<Span> last_member_span(std::string_view valid_json, std::string_view quoted_key);

// Past the value that begins at `at`, and to the next thing that is no white space.
std::size_t skip_json_value(std::string_view valid_json, std::size_t at);
std::size_t skip_json_space(std::string_view text, std::size_t at);

}  // namespace wattline::serve
