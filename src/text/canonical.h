// The form of a text that keys a cache: NFKC (Unicode Standard Annex 15), case folded, white space squeezed
// and trimmed, terminal punctuation stripped. "What is the capital of France?" and "what is  the capital
// of france" are one key.
//
// Look-alikes of other scripts stay apart ("pаypal" with a Cyrillic а is not "paypal"): compatibility forms
// (full width, ligatures, mathematical letters) are the same character by Unicode, look-alikes are not.
// Bytes that are not UTF-8 are kept apart too: each becomes its own private-use code point (U+F7xx).
#pragma once

#include <string>
#include <string_view>

namespace wattline::text {

std::string canonical_text(std::string_view text);

// Whether the text mixes scripts inside a word so that it may be read as another (Unicode Technical
// Standard 39, restriction level beyond "moderately restrictive").
bool mixes_scripts(std::string_view text);
// What the text looks like (UTS 39 skeleton): look-alikes have one skeleton. For warnings, never for keys.
std::string confusable_skeleton(std::string_view text);

}  // namespace wattline::text
