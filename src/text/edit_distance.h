// Levenshtein distance of code points, by bit-parallel rows (Myers 1999, doi:10.1145/316542.316550;
// Hyyrö's formulation), and the percentage of similarity made of it.
//
// The two ways to ask "is it nearly this word?" have types of their own, since their numbers live on
// different scales: 82 percent is strict, 82 edits is everything.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace wattline::text {

// At most so many edits, and never more than half of the keyword's characters.
struct EditLimit {
  std::uint32_t edits = 2;
};
// At least so similar, in percent: 100 x (1 - distance / length of the longer).
struct SimilarityPercent {
  double percent = 82;
};

// A word prepared to be compared with many.
class EditPattern {
 public:
  static constexpr std::size_t longest = 64;
  // At most `longest` code points, else Error (bad_input). Folded by the caller where case must not matter.
  explicit EditPattern(std::string_view word);

  std::uint32_t size() const { return size_; }  // code points
  std::uint32_t distance(std::string_view other) const;
  double similarity(std::string_view other) const;  // percent; two empty texts are 100
  bool within(std::string_view other, EditLimit) const;
  bool within(std::string_view other, SimilarityPercent) const;

 private:
  std::pair<std::uint32_t, std::uint32_t> measure(std::string_view other) const;  // distance, length of other
  std::uint64_t places_of(char32_t) const;

  std::uint32_t size_ = 0;
  std::array<std::uint64_t, 128> ascii_{};  // bit i: the word's character i is this one
  std::vector<std::pair<char32_t, std::uint64_t>> others_;
};

}  // namespace wattline::text
