#include <algorithm>

#include "kernel/figure_scale.h"

namespace wattline::figures {
namespace {

std::string_view in_ascii(std::string_view character) {
  static constexpr std::pair<std::string_view, std::string_view> known[] = {
      {"µ", "u"}, {"μ", "u"}, {"°", "deg "}, {"²", "2"}, {"³", "3"},  {"₂", "2"}, {"–", "-"},
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
    const std::size_t size = utf8_length(text, i);
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

std::string shortened(std::string_view text, std::size_t width, bool unicode) {
  if (text_width(text) <= width) return std::string(text);
  if (width == 0) return {};
  return std::string(text_prefix(text, width - 1)) + (unicode ? "…" : "~");
}

std::string padded(std::string_view text, std::size_t width, bool right) {
  const std::size_t have = text_width(text);
  const std::string fill(have < width ? width - have : 0, ' ');
  return right ? fill + std::string(text) : std::string(text) + fill;
}

}  // namespace wattline::figures
