// Walking UTF-8 that may be broken: every byte that begins no valid sequence is one U+FFFD of length 1,
// so a walk always ends, never throws and never skips good text behind a bad byte.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace wattline::text {

constexpr char32_t replacement = 0xFFFD;

struct CodePoint {
  char32_t value = replacement;
  std::size_t length = 1;  // bytes
  bool valid = false;
};

CodePoint wide_code_point_at(std::string_view text, std::size_t at);  // of a byte from 0x80
// The code point at `at` (at < text.size()).
inline CodePoint code_point_at(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  return byte < 0x80 ? CodePoint{byte, 1, true} : wide_code_point_at(text, at);
}
// The code point that ends before `end` (0 < end <= text.size()).
CodePoint code_point_before(std::string_view text, std::size_t end);
// Calls f(char32_t) for each code point.
template <class F>
void each_code_point(std::string_view text, F&& f) {
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = code_point_at(text, at);
    f(c.value);
    at += c.length;
  }
}
std::size_t count_code_points(std::string_view text);
void append_utf8(char32_t, std::string& out);  // what no code point is becomes U+FFFD

}  // namespace wattline::text
