#include <algorithm>

#include "kernel/figure_scale.h"

namespace wattline::figures {
namespace {

// Bytes of the well-formed UTF-8 character at `i`, 0 when it is malformed.
std::size_t character_size(std::string_view s, std::size_t i) {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(s[k]); };
  const unsigned char lead = byte(i);
  const std::size_t size = lead < 0x80 ? 1 : lead >= 0xC2 && lead < 0xE0 ? 2 : (lead & 0xF0) == 0xE0 ? 3 : lead >= 0xF0 && lead < 0xF5 ? 4 : 0;
  if (size == 0 || i + size > s.size()) return 0;
  for (std::size_t k = 1; k < size; ++k)
    if ((byte(i + k) & 0xC0) != 0x80) return 0;
  if (lead == 0xE0 && byte(i + 1) < 0xA0) return 0;
  if (lead == 0xED && byte(i + 1) > 0x9F) return 0;
  if (lead == 0xF0 && byte(i + 1) < 0x90) return 0;
  if (lead == 0xF4 && byte(i + 1) > 0x8F) return 0;
  return size;
}

std::string_view in_ascii(std::string_view character) {
  static constexpr std::pair<std::string_view, std::string_view> known[] = {
      {"µ", "u"}, {"μ", "u"}, {"°", "deg "}, {"²", "2"}, {"³", "3"}, {"₂", "2"}, {"–", "-"},
      {"—", "-"}, {"−", "-"}, {"·", "."},    {"×", "x"}, {"…", ".."}, {"±", "+-"}};
  for (const auto& [from, to] : known)
    if (character == from) return to;
  return "?";
}

}  // namespace

std::string one_line(std::string_view text, bool unicode) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t size = character_size(text, i);
    const std::string_view character = text.substr(i, std::max<std::size_t>(size, 1));
    if (size == 0) {
      out += unicode ? "\uFFFD" : "?";
    } else if (size == 1) {
      const char c = text[i];
      out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
    } else if (size == 2 && static_cast<unsigned char>(text[i]) == 0xC2 &&
               static_cast<unsigned char>(text[i + 1]) < 0xA0) {
      out += ' ';  // C1 controls: some terminals obey them
    } else {
      out += unicode ? character : in_ascii(character);
    }
    i += character.size();
  }
  return out;
}

std::size_t columns_of(std::string_view s) {
  return static_cast<std::size_t>(std::count_if(s.begin(), s.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string shortened(std::string_view text, std::size_t width, bool unicode) {
  if (columns_of(text) <= width) return std::string(text);
  const std::string_view mark = unicode ? "…" : "~";
  std::string out;
  std::size_t columns = 0;
  for (const char c : text) {
    const bool begins = (c & 0xC0) != 0x80;
    if (begins && columns + 1 >= width) break;
    columns += begins;
    out += c;
  }
  return width == 0 ? std::string() : out + std::string(mark);
}

std::string padded(std::string_view text, std::size_t width, bool right) {
  const std::size_t have = columns_of(text);
  const std::string fill(have < width ? width - have : 0, ' ');
  return right ? fill + std::string(text) : std::string(text) + fill;
}

}  // namespace wattline::figures
