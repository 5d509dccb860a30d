#include "learn/fused.h"

#include <cmath>

namespace wattline::learn {
namespace {

// Sums of sixteen partial sums: the order is fixed, so the result is too.
using Lanes = float __attribute__((vector_size(64), aligned(4), may_alias));
constexpr std::int64_t lanes = 16;

float total(const Lanes& v) {
  float sum = 0;
  for (int i = 0; i < lanes; ++i) sum += v[i];
  return sum;
}

const Lanes& at(const float* p) { return *reinterpret_cast<const Lanes*>(p); }
Lanes& at(float* p) { return *reinterpret_cast<Lanes*>(p); }

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define WATTLINE_SIMD __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define WATTLINE_SIMD
#endif

WATTLINE_SIMD void norm_row(const float* x, const float* weight, std::int64_t width, float epsilon, float* y,
                            float* scale) {
  Lanes squares{};
  std::int64_t j = 0;
  for (; j + lanes <= width; j += lanes) squares += at(x + j) * at(x + j);
  float sum = total(squares);
  for (; j < width; ++j) sum += x[j] * x[j];
  const float s = 1 / std::sqrt(sum / static_cast<float>(width) + epsilon);
  *scale = s;
  for (j = 0; j + lanes <= width; j += lanes) at(y + j) = at(x + j) * s * at(weight + j);
  for (; j < width; ++j) y[j] = x[j] * s * weight[j];
}

// d/dx of x s(x) w: s (w dy - x s^2 mean(x w dy)).
WATTLINE_SIMD void norm_row_back(const float* x, const float* weight, float s, const float* dy, std::int64_t width,
                                 float* dx, float* dweight) {
  Lanes products{};
  std::int64_t j = 0;
  for (; j + lanes <= width; j += lanes) products += at(x + j) * at(weight + j) * at(dy + j);
  float sum = total(products);
  for (; j < width; ++j) sum += x[j] * weight[j] * dy[j];
  const float pull = sum * s * s / static_cast<float>(width);
  for (j = 0; j + lanes <= width; j += lanes) {
    at(dx + j) = (at(weight + j) * at(dy + j) - at(x + j) * pull) * s;
    at(dweight + j) += at(x + j) * s * at(dy + j);
  }
  for (; j < width; ++j) {
    dx[j] = (weight[j] * dy[j] - x[j] * pull) * s;
    dweight[j] += x[j] * s * dy[j];
  }
}

WATTLINE_SIMD void rotate_head(const float* x, const float* cosines, const float* sines, std::int64_t pairs,
                               float direction, float* y) {
  for (std::int64_t i = 0; i < pairs; ++i) {
    const float a = x[2 * i], b = x[2 * i + 1], c = cosines[i], s = sines[i] * direction;
    y[2 * i] = a * c - b * s;
    y[2 * i + 1] = a * s + b * c;
  }
}

}  // namespace

void rms_norm_forward(const float* x, const float* weight, std::int64_t rows, std::int64_t width, float epsilon,
                      float* y, float* scale) {
  for (std::int64_t i = 0; i < rows; ++i) norm_row(x + i * width, weight, width, epsilon, y + i * width, scale + i);
}

void rms_norm_backward(const float* x, const float* weight, const float* scale, const float* dy, std::int64_t rows,
                       std::int64_t width, float* dx, float* dweight) {
  for (std::int64_t i = 0; i < rows; ++i)
    norm_row_back(x + i * width, weight, scale[i], dy + i * width, width, dx + i * width, dweight);
}

void rotate_forward(const float* x, const float* cosines, const float* sines, std::int64_t rows, std::int64_t length,
                    std::int64_t heads, std::int64_t size, float direction, float* y) {
  const std::int64_t pairs = size / 2;
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t t = 0; t < length; ++t)
      for (std::int64_t h = 0; h < heads; ++h) {
        const std::int64_t offset = ((row * length + t) * heads + h) * size;
        rotate_head(x + offset, cosines + t * pairs, sines + t * pairs, pairs, direction, y + offset);
      }
}

}  // namespace wattline::learn
