// A text in its sentences, or in its lines: the pieces that compression keeps or leaves out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace wattline::policy {

struct TextPiece {
  std::size_t begin = 0, end = 0;  // bytes; without the space around it
  std::string_view of(std::string_view text) const { return text.substr(begin, end - begin); }
};

// A sentence ends behind . ! ? and the like where space follows, behind their CJK forms, and at a line's end. What is
// longer than `longest` bytes is parted between words (and at no place inside a UTF-8 sequence). Nothing but space is
// left out; linear in the text.
std::vector<TextPiece> sentences_of(std::string_view text, std::size_t longest = 1000);

// The places of terms (units, case-folded) of a text: sorted by term, with counts.
struct TermCount {
  std::uint64_t term;
  float count;
};
std::vector<TermCount> terms_of(std::string_view text);

}  // namespace wattline::policy
