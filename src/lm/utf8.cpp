#include "lm/utf8.h"

namespace wattline::lm {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

// Length of the character that `lead` begins, 0 when none begins so (RFC 3629, section 4).
int length_of(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

// Whether `byte` may stand second after `lead`: no overlong forms, surrogates, or beyond U+10FFFF.
bool may_follow(unsigned char lead, unsigned char byte) {
  switch (lead) {
    case 0xE0: return byte >= 0xA0 && byte <= 0xBF;
    case 0xED: return byte >= 0x80 && byte <= 0x9F;
    case 0xF0: return byte >= 0x90 && byte <= 0xBF;
    case 0xF4: return byte >= 0x80 && byte <= 0x8F;
    default: return byte >= 0x80 && byte <= 0xBF;
  }
}

}  // namespace

void Utf8Stream::push(std::string_view bytes, std::string& out) {
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (!waiting_.empty()) {
      const auto lead = static_cast<unsigned char>(waiting_[0]);
      const bool fits = waiting_.size() == 1 ? may_follow(lead, byte) : byte >= 0x80 && byte <= 0xBF;
      if (fits) {
        waiting_ += c;
        if (static_cast<int>(waiting_.size()) == length_of(lead)) {
          out += waiting_;
          waiting_.clear();
        }
        continue;
      }
      finish(out);
    }
    const int length = length_of(byte);
    if (length == 1) out += c;
    else if (length == 0) out += replacement;
    else waiting_ += c;
  }
}

void Utf8Stream::finish(std::string& out) {
  if (!waiting_.empty()) out += replacement;
  waiting_.clear();
}

}  // namespace wattline::lm
