// Text brought to the form that keywords are compared in: simple case folding (Unicode CaseFolding.txt,
// statuses C and S: one code point stays one), curly quotes straight, a run of white space one space.
// Broken bytes become U+FFFD. Appends to the caller's buffer, which keeps its room from text to text.
#pragma once

#include <string>
#include <string_view>

namespace wattline::text {

enum class Case { fold, keep };

void fold_into(std::string_view text, std::string& out, Case = Case::fold);
std::string folded(std::string_view text, Case = Case::fold);
char32_t fold_code_point(char32_t);
// Whether folding leaves every byte in its place: ASCII alone, and no two white spaces side by side. Then
// byte i of the folded text is fold_byte(text[i]).
bool folds_in_place(std::string_view text);
unsigned char fold_byte(unsigned char ascii, Case = Case::fold);

}  // namespace wattline::text
