// Which language a text is in. Compact Language Detector 2 (Google, Apache-2.0; quadgrams of letters, 83
// languages) where it is sure; else the script (Han, Kana, Hangul, Greek, Thai ... tell by themselves), else
// the function words of ten languages. Short texts often stay undetermined: that is an answer too.
#pragma once

#include <string>
#include <string_view>

namespace wattline::text {

struct Language {
  std::string_view code = "und";  // ISO 639-1 where there is one ("en", "zh"), "und" for undetermined
  // 0 to 1. By CLD2 the share of the text in that language, halved where it calls itself unreliable; by
  // script the share of letters in it; by function words a share of the words, at most 0.9. No probability.
  double confidence = 0;
  enum class By { nothing, detector, script, words } by = By::nothing;
};

// Reads the first 4 KiB; takes any bytes.
Language language_of(std::string_view text);

}  // namespace wattline::text
