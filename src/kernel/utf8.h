// UTF-8: what is valid, and how much room a text takes on a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace wattline {

// Length of the valid UTF-8 sequence at s[i] (no overlong forms, surrogates or beyond U+10FFFF), or 0.
std::size_t utf8_length(std::string_view s, std::size_t i);
// How many bytes from the start are valid UTF-8: all of them when it is.
std::size_t valid_utf8_prefix(std::string_view s);
// Terminal columns: one per code point (our texts hold no wide ones).
std::size_t text_width(std::string_view s);
// The first `width` columns of the text.
std::string_view text_prefix(std::string_view s, std::size_t width);
// For messages: control characters as escapes, cut to `limit` columns.
std::string shown_text(std::string_view s, std::size_t limit = 40);
// As text inside HTML or XML, in an element or a quoted attribute.
std::string markup_escaped(std::string_view text);

}  // namespace wattline
