#include "lm/matrix.h"

#include <algorithm>
#include <cstring>

// One binary, three instruction sets. Sanitisers instrument before the loader's choice can be made,
// and clang 14 does not clone in C++, so there the baseline serves.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define WATTLINE_SIMD __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define WATTLINE_SIMD
#endif

namespace wattline::lm {
namespace {

// Sixteen floats; the compiler splits them for narrower registers.
using Lanes = float __attribute__((vector_size(64), aligned(4), may_alias));
constexpr int lanes = 16;
static_assert(Matrix::panel == 2 * lanes);

// One vector. Two columns at a time, so that additions do not wait for each other.
WATTLINE_SIMD void panel_times_one(const float* w, int columns, const float* x, float* y) {
  Lanes a0{}, a1{}, b0{}, b1{};
  int j = 0;
  for (; j + 1 < columns; j += 2) {
    const float* at = w + j * Matrix::panel;
    const float first = x[j], second = x[j + 1];
    a0 += *reinterpret_cast<const Lanes*>(at) * first;
    a1 += *reinterpret_cast<const Lanes*>(at + lanes) * first;
    b0 += *reinterpret_cast<const Lanes*>(at + 2 * lanes) * second;
    b1 += *reinterpret_cast<const Lanes*>(at + 3 * lanes) * second;
  }
  if (j < columns) {
    const float* at = w + j * Matrix::panel;
    a0 += *reinterpret_cast<const Lanes*>(at) * x[j];
    a1 += *reinterpret_cast<const Lanes*>(at + lanes) * x[j];
  }
  *reinterpret_cast<Lanes*>(y) = a0 + b0;
  *reinterpret_cast<Lanes*>(y + lanes) = a1 + b1;
}

// Three vectors share each load of the weights.
WATTLINE_SIMD void panel_times_three(const float* w, int columns, const float* x, std::size_t x_stride, float* y,
                                     std::size_t y_stride) {
  const float *p = x, *q = x + x_stride, *r = x + 2 * x_stride;
  Lanes p0{}, p1{}, q0{}, q1{}, r0{}, r1{};
  for (int j = 0; j < columns; ++j) {
    const Lanes w0 = *reinterpret_cast<const Lanes*>(w + j * Matrix::panel);
    const Lanes w1 = *reinterpret_cast<const Lanes*>(w + j * Matrix::panel + lanes);
    p0 += w0 * p[j];
    p1 += w1 * p[j];
    q0 += w0 * q[j];
    q1 += w1 * q[j];
    r0 += w0 * r[j];
    r1 += w1 * r[j];
  }
  const Lanes results[] = {p0, p1, q0, q1, r0, r1};
  for (int t = 0; t < 3; ++t)
    std::memcpy(y + static_cast<std::size_t>(t) * y_stride, &results[2 * t], 2 * sizeof(Lanes));
}

}  // namespace

Matrix::Matrix(const float* values, int rows, int columns) : rows_(rows), columns_(columns) {
  const auto width = static_cast<std::size_t>(columns);
  packed_.assign(static_cast<std::size_t>(padded_rows()) * width, 0.0f);
  for (int i = 0; i < rows; ++i) {
    float* panel_at = packed_.data() + static_cast<std::size_t>(i / panel) * panel * width;
    for (std::size_t j = 0; j < width; ++j)
      panel_at[j * panel + static_cast<std::size_t>(i % panel)] = values[static_cast<std::size_t>(i) * width + j];
  }
}

void Matrix::multiply(const float* x, std::size_t x_stride, float* y, std::size_t y_stride, int count) const {
  const int panels = padded_rows() / panel;
  for (int p = 0; p < panels; ++p) {
    const float* w = packed_.data() + static_cast<std::size_t>(p) * panel * static_cast<std::size_t>(columns_);
    float* out = y + p * panel;
    int t = 0;
    for (; t + 3 <= count; t += 3)
      panel_times_three(w, columns_, x + static_cast<std::size_t>(t) * x_stride, x_stride,
                        out + static_cast<std::size_t>(t) * y_stride, y_stride);
    for (; t < count; ++t)
      panel_times_one(w, columns_, x + static_cast<std::size_t>(t) * x_stride,
                      out + static_cast<std::size_t>(t) * y_stride);
  }
}

}  // namespace wattline::lm
