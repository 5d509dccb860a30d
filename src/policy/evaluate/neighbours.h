// How well each model answered the training prompts that are nearest in meaning: cosine of sentence vectors.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "policy/evaluate/workload.h"
#include "text/encoder.h"

namespace wattline::policy {

class Neighbours {
 public:
  // Encodes all rows of the workload; `between` is called for each with the share done. Outcomes are read of the rows
  // that features are asked from, of no other.
  Neighbours(std::shared_ptr<const text::Encoder>, const Workload&, const std::function<void(double)>& between);

  // Features of a row or of a new prompt from `rows` of the workload, never from the row itself: for each model the
  // mean quality over the 32 nearest, the nearer the more (exp(12 (cosine - best))), shrunk towards the mean of all by
  // 3 rows; the gain of the last over the first; the best cosine.
  void of_row(std::size_t row, std::span<const std::size_t> rows, std::span<float> out) const;
  void of_prompt(std::string_view prompt, std::span<const std::size_t> rows, std::span<float> out) const;
  static std::size_t width_of(std::size_t models) { return models + 2; }

 private:
  void find(std::span<const float> vector, std::size_t self, std::span<const std::size_t> rows,
            std::span<float> out) const;

  std::shared_ptr<const text::Encoder> encoder_;
  std::size_t width_, models_;
  std::vector<float> vectors_;  // row by row
  std::vector<float> quality_;  // row by row, NaN where a model did not answer
};

}  // namespace wattline::policy
