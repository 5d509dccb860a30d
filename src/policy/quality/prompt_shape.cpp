#include "policy/quality/prompt_shape.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "text/units.h"

namespace wattline::policy {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct Counts {
  std::array<std::size_t, 3> number_lengths{};  // of the longest numbers, longest first
  std::size_t numbers = 0, words = 0, longest_word = 0, last_word = 0, roman = 0, capitals = 0;
};

bool could_be_roman(std::string_view word) {
  return word.size() > 1 && word.find_first_not_of("IVXLCDMivxlcdm") == std::string_view::npos;
}

Counts count(std::string_view text) {
  Counts c;
  for (text::UnitWalk walk(text); walk.next();) {
    const std::string_view unit = walk.unit();
    if (std::all_of(unit.begin(), unit.end(), is_digit)) {
      ++c.numbers;
      std::size_t length = unit.size();
      for (auto& slot : c.number_lengths)
        if (length > slot) std::swap(length, slot);
      continue;
    }
    ++c.words;
    c.last_word = unit.size();
    c.longest_word = std::max(c.longest_word, unit.size());
    c.roman += could_be_roman(unit);
    c.capitals += unit.front() >= 'A' && unit.front() <= 'Z';
  }
  return c;
}

}  // namespace

text::EncodeFacts PromptShape::encode(std::string_view text, std::span<float> out) const {
  std::fill(out.begin(), out.end(), 0.f);
  const Counts c = count(text);
  std::size_t at = 0;
  // One of `places` for a count from 0; the last is for all beyond.
  const auto bucket = [&](std::size_t value, std::size_t places) {
    out[at + std::min(value, places - 1)] = 1;
    at += places;
  };
  for (const std::size_t length : c.number_lengths) bucket(length, 9);
  bucket(c.numbers, 6);
  bucket(c.longest_word, 16);
  bucket(c.last_word, 16);
  bucket(c.roman, 3);
  bucket(c.capitals, 5);
  bucket(static_cast<std::size_t>(std::log2(1.0 + static_cast<double>(c.words))), 8);
  for (const std::string_view sign : {"+", "-", "*", "/", "=", "?", "```", "\\", "{", "\n"})
    out[at++] = text.find(sign) != std::string_view::npos;
  text::normalise(out);
  return {static_cast<std::uint32_t>(c.words + c.numbers), 0, false};
}

text::EncodeFacts PromptShape::encode_tokens(std::string_view text, std::vector<float>& rows) const {
  rows.resize(values);
  auto facts = encode(text, rows);
  facts.tokens = 1;
  return facts;
}

}  // namespace wattline::policy
