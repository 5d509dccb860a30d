// What a word is in any script: a run of letters and digits with its combining marks is one unit, and so
// is each Han, Kana or Hangul character. Marks never split a word (Devanagari, Arabic, decomposed accents).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace wattline::text {

enum class CharClass : std::uint8_t { other, space, word, cjk, mark };
CharClass wide_class_of(char32_t);  // from U+0080
inline constexpr auto ascii_classes = [] {
  std::array<CharClass, 128> classes{};
  for (unsigned c = 0; c < 128; ++c) {
    const bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    const bool space = c == ' ' || (c >= 9 && c <= 13);
    classes[c] = word ? CharClass::word : space ? CharClass::space : CharClass::other;
  }
  return classes;
}();
inline CharClass class_of(char32_t c) { return c < 128 ? ascii_classes[c] : wide_class_of(c); }
inline bool in_word(CharClass c) { return c == CharClass::word || c == CharClass::mark; }

// Walks the units of a text; allocates nothing.
//   for (UnitWalk walk(text); walk.next();) use(walk.unit());
class UnitWalk {
 public:
  explicit UnitWalk(std::string_view text) : text_(text) {}
  bool next();
  std::string_view unit() const { return text_.substr(begin_, end_ - begin_); }
  std::size_t begin() const { return begin_; }  // bytes
  std::size_t end() const { return end_; }

 private:
  std::string_view text_;
  std::size_t begin_ = 0, end_ = 0;
};

std::size_t count_units(std::string_view text);

// Whether a match of text[begin, end) is bounded: where its edge is part of a word, the neighbour is not.
bool word_bounded(std::string_view text, std::size_t begin, std::size_t end);
// Han, Kana or Hangul somewhere: such text has no spaces between words, so bounds mean nothing.
bool has_cjk(std::string_view text);

}  // namespace wattline::text
