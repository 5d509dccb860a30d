#include "text/encoder.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "text/dense.h"

namespace wattline::text {
namespace {

using Lanes = float __attribute__((vector_size(64), aligned(4), may_alias));

WATTLINE_TEXT_SIMD float inner_product(const float* a, const float* b, std::size_t n) {
  Lanes first{}, second{};
  std::size_t i = 0;
  for (; i + 32 <= n; i += 32) {
    first += *reinterpret_cast<const Lanes*>(a + i) * *reinterpret_cast<const Lanes*>(b + i);
    second += *reinterpret_cast<const Lanes*>(a + i + 16) * *reinterpret_cast<const Lanes*>(b + i + 16);
  }
  first += second;
  float sum = 0;
  for (int k = 0; k < 16; ++k) sum += first[k];
  for (; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace

float dot(std::span<const float> a, std::span<const float> b) {
  return inner_product(a.data(), b.data(), std::min(a.size(), b.size()));
}

void normalise(std::span<float> v) {
  const float length = std::sqrt(dot(v, v));
  if (length > 0)
    for (float& x : v) x /= length;
}

double max_similarity(std::span<const float> query, std::span<const float> text, std::size_t width) {
  if (width == 0 || query.size() < width || text.size() < width) return 0;
  double sum = 0;
  const std::size_t rows = query.size() / width;
  for (std::size_t i = 0; i < rows; ++i) {
    float best = -1;
    for (std::size_t j = 0; j < text.size() / width; ++j)
      best = std::max(best, dot(query.subspan(i * width, width), text.subspan(j * width, width)));
    sum += static_cast<double>(best);
  }
  return sum / static_cast<double>(rows);
}

}  // namespace wattline::text
