#include "text/utf8.h"

#include "kernel/utf8.h"

namespace wattline::text {

CodePoint wide_code_point_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[at + k]); };
  switch (utf8_length(text, at)) {
    case 2: return {static_cast<char32_t>((byte(0) & 0x1F) << 6 | (byte(1) & 0x3F)), 2, true};
    case 3: return {static_cast<char32_t>((byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F)), 3, true};
    case 4:
      return {static_cast<char32_t>((byte(0) & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 |
                                    (byte(3) & 0x3F)),
              4, true};
    default: return {};
  }
}

CodePoint code_point_before(std::string_view text, std::size_t end) {
  for (std::size_t length = 1; length <= 4 && length <= end; ++length) {
    const auto byte = static_cast<unsigned char>(text[end - length]);
    if ((byte & 0xC0) == 0x80) continue;
    const CodePoint c = code_point_at(text, end - length);
    if (c.length == length) return c;
    break;
  }
  return {};
}

std::size_t count_code_points(std::string_view text) {
  std::size_t n = 0;
  each_code_point(text, [&](char32_t) { ++n; });
  return n;
}

void append_utf8(char32_t c, std::string& out) {
  if (c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) c = replacement;
  const auto put = [&](char32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

}  // namespace wattline::text
