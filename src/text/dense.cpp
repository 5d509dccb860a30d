#include "text/dense.h"

#include <cassert>
#include <cstring>

namespace wattline::text {
namespace {

constexpr std::size_t panel = 32;
// Sixteen floats; the compiler splits them for narrower registers.
using Lanes = float __attribute__((vector_size(64), aligned(4), may_alias));

// `rows` vectors share each load of the weights. The results stay in registers: eight rows need the 32 of
// AVX-512, three fit the 16 of AVX2.
template <std::size_t rows>
inline __attribute__((always_inline)) void panel_product(const float* w, const float* bias, std::size_t inputs,
                                                         const float* x, float* y, std::size_t y_stride) {
  Lanes low[rows], high[rows];
  for (std::size_t t = 0; t < rows; ++t) {
    low[t] = *reinterpret_cast<const Lanes*>(bias);
    high[t] = *reinterpret_cast<const Lanes*>(bias + 16);
  }
  for (std::size_t j = 0; j < inputs; ++j) {
    const Lanes w0 = *reinterpret_cast<const Lanes*>(w + j * panel);
    const Lanes w1 = *reinterpret_cast<const Lanes*>(w + j * panel + 16);
#pragma GCC unroll 8
    for (std::size_t t = 0; t < rows; ++t) {
      low[t] += w0 * x[t * inputs + j];
      high[t] += w1 * x[t * inputs + j];
    }
  }
  for (std::size_t t = 0; t < rows; ++t) {
    std::memcpy(y + t * y_stride, &low[t], sizeof(Lanes));
    std::memcpy(y + t * y_stride + 16, &high[t], sizeof(Lanes));
  }
}

WATTLINE_TEXT_SIMD void eight(const float* w, const float* b, std::size_t n, const float* x, float* y, std::size_t s) {
  panel_product<8>(w, b, n, x, y, s);
}
WATTLINE_TEXT_SIMD void three(const float* w, const float* b, std::size_t n, const float* x, float* y, std::size_t s) {
  panel_product<3>(w, b, n, x, y, s);
}
WATTLINE_TEXT_SIMD void one(const float* w, const float* b, std::size_t n, const float* x, float* y, std::size_t s) {
  panel_product<1>(w, b, n, x, y, s);
}

bool wide_registers() {
#if defined(__x86_64__)
  static const bool wide = __builtin_cpu_supports("avx512f");
  return wide;
#else
  return false;
#endif
}

}  // namespace

Dense::Dense(std::span<const float> weights, std::span<const float> bias, std::size_t inputs, std::size_t outputs)
    : inputs_(inputs), outputs_(outputs), packed_(inputs * outputs), bias_(bias.begin(), bias.end()) {
  assert(outputs % panel == 0 && weights.size() == inputs * outputs && bias.size() == outputs);
  for (std::size_t p = 0; p < outputs; p += panel)
    for (std::size_t j = 0; j < inputs; ++j)
      std::memcpy(&packed_[p * inputs + j * panel], &weights[j * outputs + p], panel * sizeof(float));
}

void Dense::apply(const float* x, float* y, std::size_t count) const {
  const bool wide = wide_registers();
  for (std::size_t p = 0; p < outputs_; p += panel) {
    const float *w = packed_.data() + p * inputs_, *b = bias_.data() + p;
    std::size_t t = 0;
    const auto step = [&](std::size_t rows, auto kernel) {
      for (; t + rows <= count; t += rows) kernel(w, b, inputs_, x + t * inputs_, y + t * outputs_ + p, outputs_);
    };
    if (wide) step(8, eight);
    step(3, three);
    step(1, one);
  }
}

}  // namespace wattline::text
