#include "text/canonical.h"

#include <fmt/format.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uspoof.h>

#include "kernel/error.h"
#include "text/units.h"
#include "text/utf8.h"

namespace wattline::text {
namespace {

// Broken bytes as private-use code points, so that two different breakages stay different.
icu::UnicodeString utf16_of(std::string_view text) {
  icu::UnicodeString wide;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = code_point_at(text, at);
    wide.append(c.valid ? static_cast<UChar32>(c.value) : 0xF700 + static_cast<unsigned char>(text[at]));
    at += c.length;
  }
  return wide;
}

const icu::Normalizer2& nfkc() {
  static const icu::Normalizer2* form = [] {
    UErrorCode status = U_ZERO_ERROR;
    const icu::Normalizer2* found = icu::Normalizer2::getNFKCInstance(status);
    if (U_FAILURE(status)) throw world_error(fmt::format("ICU has no NFKC data: {}", u_errorName(status)), "ICU");
    return found;
  }();
  return *form;
}

bool ascii(std::string_view text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  return true;
}

// Punctuation that ends a sentence in any script.
bool terminal(char32_t c) {
  if (c < 128) return c == '.' || c == '!' || c == '?' || c == ';' || c == ':' || c == ',';
  return u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_TERMINAL_PUNCTUATION);
}

std::string squeezed(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool space = false;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = code_point_at(text, at);
    if (class_of(c.value) == CharClass::space) {
      space = true;
    } else {
      if (space && !out.empty()) out += ' ';
      space = false;
      out.append(text.substr(at, c.length));
    }
    at += c.length;
  }
  // A text of punctuation alone ("?!") is its own key.
  std::size_t end = out.size();
  while (end > 0) {
    const CodePoint c = code_point_before(out, end);
    if (!terminal(c.value) && c.value != ' ') break;
    end -= c.length;
  }
  if (end > 0) out.resize(end);
  return out;
}

std::string narrow(const icu::UnicodeString& wide) {
  std::string out;
  wide.toUTF8String(out);
  return out;
}

struct SpoofChecker {
  USpoofChecker* checker;
  SpoofChecker() {
    UErrorCode status = U_ZERO_ERROR;
    checker = uspoof_open(&status);
    uspoof_setChecks(checker, USPOOF_RESTRICTION_LEVEL, &status);
    uspoof_setRestrictionLevel(checker, USPOOF_MODERATELY_RESTRICTIVE);
    if (U_FAILURE(status)) throw world_error(fmt::format("ICU has no look-alikes: {}", u_errorName(status)), "ICU");
  }
  ~SpoofChecker() { uspoof_close(checker); }
  SpoofChecker(const SpoofChecker&) = delete;
  SpoofChecker& operator=(const SpoofChecker&) = delete;
};

// Checkers are safe to share once they are set up.
const USpoofChecker* spoof() {
  static const SpoofChecker one;
  return one.checker;
}

}  // namespace

std::string canonical_text(std::string_view text) {
  if (ascii(text)) {
    std::string lower(text);
    for (char& c : lower)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return squeezed(lower);
  }
  UErrorCode status = U_ZERO_ERROR;
  icu::UnicodeString wide = nfkc().normalize(utf16_of(text), status);
  // Folding can undo the normal form (U+0390), and folded text can fold again only after it is normal.
  wide.foldCase();
  wide = nfkc().normalize(wide, status);
  if (U_FAILURE(status)) throw world_error(fmt::format("NFKC failed: {}", u_errorName(status)), "ICU");
  return squeezed(narrow(wide));
}

bool mixes_scripts(std::string_view text) {
  for (UnitWalk walk(text); walk.next();) {
    if (ascii(walk.unit())) continue;
    UErrorCode status = U_ZERO_ERROR;
    const icu::UnicodeString wide = utf16_of(walk.unit());
    if (uspoof_check(spoof(), wide.getBuffer(), wide.length(), nullptr, &status) & USPOOF_RESTRICTION_LEVEL)
      return true;
  }
  return false;
}

std::string confusable_skeleton(std::string_view text) {
  const icu::UnicodeString wide = utf16_of(text);
  icu::UnicodeString skeleton;
  UErrorCode status = U_ZERO_ERROR;
  const int32_t length = uspoof_getSkeleton(spoof(), 0, wide.getBuffer(), wide.length(), nullptr, 0, &status);
  status = U_ZERO_ERROR;
  uspoof_getSkeleton(spoof(), 0, wide.getBuffer(), wide.length(), skeleton.getBuffer(length + 1), length + 1, &status);
  skeleton.releaseBuffer(U_SUCCESS(status) ? length : 0);
  if (U_FAILURE(status)) throw world_error(fmt::format("no skeleton: {}", u_errorName(status)), "ICU");
  return narrow(skeleton);
}

}  // namespace wattline::text
