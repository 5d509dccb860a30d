#include "text/fold.h"

#include <unicode/uchar.h>

#include "text/units.h"
#include "text/utf8.h"

namespace wattline::text {

char32_t fold_code_point(char32_t c) {
  if (c < 128) return c >= 'A' && c <= 'Z' ? c + 32 : c;
  return static_cast<char32_t>(u_foldCase(static_cast<UChar32>(c), U_FOLD_CASE_DEFAULT));
}

void fold_into(std::string_view text, std::string& out, Case letters) {
  const bool fold = letters == Case::fold;
  bool after_space = false;
  // A folded code point may be longer than the original by one byte (U+023A), so room is not promised here.
  out.reserve(out.size() + text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte > ' ' && byte < 0x80) {
      out += static_cast<char>(fold && byte >= 'A' && byte <= 'Z' ? byte + 32 : byte);
      after_space = false;
      ++at;
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
