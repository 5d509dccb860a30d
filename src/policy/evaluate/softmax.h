// Multinomial logistic regression on sparse rows: stochastic gradients in a fixed order drawn from a fixed seed, so
// that the same rows give the same weights.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "policy/evaluate/hashed_text.h"

namespace wattline::policy {

struct SoftmaxFit {
  int epochs = 10;
  float rate = 2;  // falls to a twentieth along the epochs
  float decay = 1e-5F;  // of the weights a step touches
  std::uint64_t seed = 1;
};

class Softmax {
 public:
  // `label[k]` belongs to `rows[k]` and is below `classes`.
  void fit(const SparseRows&, std::span<const std::size_t> rows, std::span<const std::uint32_t> label,
           std::uint32_t classes, int bits, const SoftmaxFit& = {});
  std::uint32_t classes() const { return classes_; }
  // Probabilities of one row; `out` has one place a class.
  void predict(const SparseRows&, std::size_t row, std::span<float> out) const;

 private:
  std::uint32_t classes_ = 0;
  std::size_t stride_ = 0;  // classes, filled up to whole lanes
  std::vector<float> weights_, bias_;  // feature by feature, its classes side by side
};

}  // namespace wattline::policy
