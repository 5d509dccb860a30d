// Sets of character trigrams and their Jaccard index |A and B| / |A or B|. A text is folded by the caller
// and padded with one space on both sides, so that word edges count; a text shorter than a trigram is
// one gram.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace wattline::text {

class Trigrams {
 public:
  Trigrams() = default;
  explicit Trigrams(std::string_view text) { assign(text); }
  // Replaces the set; keeps its room.
  void assign(std::string_view text);
  std::size_t size() const { return grams_.size(); }
  // 0 to 1; 0 when both are empty.
  double jaccard(const Trigrams&) const;

 private:
  std::vector<std::uint64_t> grams_;  // sorted, three code points of 21 bits each
};

}  // namespace wattline::text
