// A layer y = x W + b for many vectors x at once. W is packed in panels of 32 outputs, each stored input by
// input, so that a product streams memory forward and needs no horizontal sums. The kernels are compiled
// for AVX-512, AVX2 and the baseline; the loader picks one.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

// One binary, three instruction sets. Sanitisers instrument before the loader's choice can be made, and
// clang 14 does not clone in C++, so there the baseline serves.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define WATTLINE_TEXT_SIMD __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define WATTLINE_TEXT_SIMD
#endif

namespace wattline::text {

class Dense {
 public:
  Dense() = default;
  // `weights` is [inputs][outputs], `bias` has `outputs` values; outputs is a multiple of 32.
  Dense(std::span<const float> weights, std::span<const float> bias, std::size_t inputs, std::size_t outputs);

  std::size_t inputs() const { return inputs_; }
  std::size_t outputs() const { return outputs_; }
  // x is [count][inputs], y is [count][outputs]; they do not overlap.
  void apply(const float* x, float* y, std::size_t count) const;

 private:
  std::size_t inputs_ = 0, outputs_ = 0;
  std::vector<float> packed_, bias_;
};

}  // namespace wattline::text
