#include "text/fold.h"

#include <unicode/uchar.h>

#include "text/units.h"
#include "text/utf8.h"

namespace wattline::text {

char32_t fold_code_point(char32_t c) {
  if (c < 128) return c >= 'A' && c <= 'Z' ? c + 32 : c;
  return static_cast<char32_t>(u_foldCase(static_cast<UChar32>(c), U_FOLD_CASE_DEFAULT));
}

unsigned char fold_byte(unsigned char c, Case letters) {
  if (c >= 'A' && c <= 'Z') return letters == Case::fold ? static_cast<unsigned char>(c + 32) : c;
  return c < 128 && ascii_classes[c] == CharClass::space ? ' ' : c;
}

bool folds_in_place(std::string_view text) {
  unsigned char all = 0;
  bool space = false, twice = false;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    all |= byte;
    const bool now = byte == ' ' || (byte >= 9 && byte <= 13);
    twice |= space & now;
    space = now;
  }
  return all < 0x80 && !twice;
}

void fold_into(std::string_view text, std::string& out, Case letters) {
  const bool fold = letters == Case::fold;
  bool after_space = false;
  for (std::size_t at = 0; at < text.size();) {
    // A run of ASCII, written where it will stay.
    std::size_t end = at;
    while (end < text.size() && static_cast<unsigned char>(text[end]) < 0x80) ++end;
    if (end > at) {
      std::size_t to = out.size();
      out.resize(to + (end - at));
      for (; at < end; ++at) {
        const unsigned char c = fold_byte(static_cast<unsigned char>(text[at]), letters);
        out[to] = static_cast<char>(c);
        to += !(c == ' ' && after_space);
        after_space = c == ' ';
      }
      out.resize(to);
      continue;
    }
    const CodePoint c = code_point_at(text, at);
    at += c.length;
    if (class_of(c.value) == CharClass::space) {
      if (!after_space) out += ' ';
      after_space = true;
      continue;
    }
    after_space = false;
    if (c.value == 0x2018 || c.value == 0x2019) out += '\'';
    else if (c.value == 0x201C || c.value == 0x201D) out += '"';
    else append_utf8(fold ? fold_code_point(c.value) : c.value, out);
  }
}

std::string folded(std::string_view text, Case letters) {
  std::string out;
  fold_into(text, out, letters);
  return out;
}

}  // namespace wattline::text
