#include "text/units.h"

#include <unicode/uchar.h>
#include <unicode/uscript.h>

#include "text/utf8.h"

namespace wattline::text {
namespace {

// The blocks of Chinese, Japanese and Korean writing come in a few ranges; the rest is asked of ICU.
bool is_cjk(char32_t c) {
  if (c < 0x1100) return false;
  return c <= 0x11FF || (c >= 0x3005 && c <= 0x3007) || (c >= 0x3021 && c <= 0x3029) || (c >= 0x3031 && c <= 0x3035) ||
         (c >= 0x3041 && c <= 0x3096) || (c >= 0x309D && c <= 0x309F) || (c >= 0x30A1 && c <= 0x30FA) ||
         (c >= 0x30FC && c <= 0x318E) || (c >= 0x31A0 && c <= 0x31FF) || (c >= 0x3400 && c <= 0x4DBF) ||
         (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0xA960 && c <= 0xA97F) || (c >= 0xAC00 && c <= 0xD7FF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFF66 && c <= 0xFFDC) || (c >= 0x1B000 && c <= 0x1B16F) ||
         (c >= 0x20000 && c <= 0x3FFFF);
}

}  // namespace

CharClass wide_class_of(char32_t c) {
  if (is_cjk(c)) return CharClass::cjk;
  const auto point = static_cast<UChar32>(c);
  const std::uint32_t kind = U_MASK(u_charType(point));
  if (kind & (U_GC_L_MASK | U_GC_N_MASK)) return CharClass::word;
  if (kind & U_GC_M_MASK) return CharClass::mark;
  // The joiners belong to the word that they shape; alone they are nothing.
  if (c == 0x200C || c == 0x200D) return CharClass::mark;
  return u_isUWhiteSpace(point) ? CharClass::space : CharClass::other;
}

bool UnitWalk::next() {
  std::size_t at = end_;
  CodePoint c;
  CharClass kind = CharClass::other;
  for (; at < text_.size(); at += c.length) {
    c = code_point_at(text_, at);
    kind = class_of(c.value);
    if (kind == CharClass::word || kind == CharClass::cjk) break;
  }
  if (at >= text_.size()) {
    begin_ = end_ = text_.size();
    return false;
  }
  begin_ = at;
  at += c.length;
  while (at < text_.size()) {
    c = code_point_at(text_, at);
    const CharClass follows = class_of(c.value);
    if (follows != CharClass::mark && !(follows == CharClass::word && kind == CharClass::word)) break;
    at += c.length;
  }
  end_ = at;
  return true;
}

std::size_t count_units(std::string_view text) {
  std::size_t n = 0;
  for (UnitWalk walk(text); walk.next();) ++n;
  return n;
}

bool word_bounded(std::string_view text, std::size_t begin, std::size_t end) {
  if (begin >= end) return true;
  if (begin > 0 && in_word(class_of(code_point_at(text, begin).value)) &&
      in_word(class_of(code_point_before(text, begin).value)))
    return false;
  return end >= text.size() || !in_word(class_of(code_point_before(text, end).value)) ||
         !in_word(class_of(code_point_at(text, end).value));
}

bool has_cjk(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = code_point_at(text, at);
    if (class_of(c.value) == CharClass::cjk) return true;
    at += c.length;
  }
  return false;
}

}  // namespace wattline::text
