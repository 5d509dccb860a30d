#include "text/edit_distance.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/utf8.h"
#include "text/utf8.h"

namespace wattline::text {

EditPattern::EditPattern(std::string_view word) {
  each_code_point(word, [&](char32_t c) {
    if (size_ == longest)
      throw bad_input(fmt::format("'{}' has over {} characters", shown_text(word), longest), "fuzzy keyword",
                      "compare longer texts by n-grams or embeddings");
    const std::uint64_t bit = std::uint64_t{1} << size_++;
    if (c < 128) {
      ascii_[c] |= bit;
      return;
    }
    const auto at = std::find_if(others_.begin(), others_.end(), [&](const auto& o) { return o.first == c; });
    if (at == others_.end()) others_.emplace_back(c, bit);
    else at->second |= bit;
  });
}

std::uint64_t EditPattern::places_of(char32_t c) const {
  if (c < 128) return ascii_[c];
  for (const auto& [other, places] : others_)
    if (other == c) return places;
  return 0;
}

// Vertical differences +1 and -1 of one column as two words of bits; `score` follows the last row.
std::pair<std::uint32_t, std::uint32_t> EditPattern::measure(std::string_view other) const {
  std::uint32_t length = 0;
  if (size_ == 0) {
    length = static_cast<std::uint32_t>(count_code_points(other));
    return {length, length};
  }
  std::uint64_t plus = ~std::uint64_t{0}, minus = 0;
  std::uint32_t score = size_;
  const std::uint64_t last = std::uint64_t{1} << (size_ - 1);
  each_code_point(other, [&](char32_t c) {
    ++length;
    const std::uint64_t equal = places_of(c), vertical = equal | minus;
    const std::uint64_t zero = (((equal & plus) + plus) ^ plus) | equal;
    std::uint64_t across_plus = minus | ~(zero | plus), across_minus = plus & zero;
    if (across_plus & last) ++score;
    if (across_minus & last) --score;
    across_plus = across_plus << 1 | 1;
    across_minus <<= 1;
    plus = across_minus | ~(vertical | across_plus);
    minus = across_plus & vertical;
  });
  return {score, length};
}

std::uint32_t EditPattern::distance(std::string_view other) const { return measure(other).first; }

double EditPattern::similarity(std::string_view other) const {
  const auto [edits, length] = measure(other);
  const std::uint32_t longer = std::max(size_, length);
  return longer == 0 ? 100 : 100 * (1 - static_cast<double>(edits) / longer);
}

bool EditPattern::within(std::string_view other, EditLimit limit) const {
  return distance(other) <= std::min(limit.edits, size_ / 2);
}

bool EditPattern::within(std::string_view other, SimilarityPercent limit) const {
  return similarity(other) >= limit.percent;
}

}  // namespace wattline::text
