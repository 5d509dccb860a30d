// Prompts as sparse vectors: words and pairs of words, pieces of words of 3 to 5 letters, hashed into a table of
// 2^bits. Rare and common ones are weighed by inverse document frequency of the training rows; rows have length 1.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace wattline::policy {

// Rows of pairs (index, value), one after another.
struct SparseRows {
  std::vector<std::size_t> begin = {0};
  std::vector<std::uint32_t> index;
  std::vector<float> value;

  std::size_t rows() const { return begin.size() - 1; }
  std::span<const std::uint32_t> indices(std::size_t row) const {
    return std::span(index).subspan(begin[row], begin[row + 1] - begin[row]);
  }
  std::span<const float> values(std::size_t row) const {
    return std::span(value).subspan(begin[row], begin[row + 1] - begin[row]);
  }
};

struct HashedText {
  int bits = 18;
  bool words = true, pairs = true, pieces = true;

  // Counts of one text's features, sorted by index; values 1 + ln(count). Appended as a row.
  void add(std::string_view text, SparseRows&) const;
};

// Inverse document frequency, ln((1 + n) / (1 + df)) + 1, of the rows named; features in fewer than `least` of them
// weigh 0. apply() weighs rows and brings each to length 1, dropping what weighs nothing.
class InverseFrequency {
 public:
  InverseFrequency(const SparseRows&, std::span<const std::size_t> rows, int bits, std::size_t least = 2);
  SparseRows apply(const SparseRows&) const;

 private:
  std::vector<float> weight_;
};

}  // namespace wattline::policy
