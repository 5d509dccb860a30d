#include "text/linear_algebra.h"

#include "text/dense.h"

namespace wattline::text {
namespace {

using Lanes = float __attribute__((vector_size(64), aligned(4), may_alias));
using Sparse = std::pair<std::uint32_t, float>;

WATTLINE_TEXT_SIMD void add_rows(const float* weights, std::size_t width, const float* x, std::size_t dense,
                                 const Sparse* sparse, std::size_t count, float* scores) {
  for (std::size_t at = 0; at < width; at += 16) {
    Lanes sum = *reinterpret_cast<const Lanes*>(scores + at);
    for (std::size_t f = 0; f < dense; ++f) sum += *reinterpret_cast<const Lanes*>(weights + f * width + at) * x[f];
    for (std::size_t k = 0; k < count; ++k)
      sum += *reinterpret_cast<const Lanes*>(weights + (dense + sparse[k].first) * width + at) * sparse[k].second;
    *reinterpret_cast<Lanes*>(scores + at) = sum;
  }
}

WATTLINE_TEXT_SIMD void add_products(float* gradient, std::size_t width, const float* x, std::size_t dense,
                                     const Sparse* sparse, std::size_t count, const float* errors) {
  for (std::size_t at = 0; at < width; at += 16) {
    const Lanes error = *reinterpret_cast<const Lanes*>(errors + at);
    for (std::size_t f = 0; f < dense; ++f) *reinterpret_cast<Lanes*>(gradient + f * width + at) += error * x[f];
    for (std::size_t k = 0; k < count; ++k)
      *reinterpret_cast<Lanes*>(gradient + (dense + sparse[k].first) * width + at) += error * sparse[k].second;
  }
}

}  // namespace

void linear_scores(const float* weights, std::size_t width, std::size_t dense, const Features& x, float* scores) {
  add_rows(weights, width, x.dense.data(), dense, x.sparse.data(), x.sparse.size(), scores);
}

void linear_gradient(float* gradient, std::size_t width, std::size_t dense, const Features& x, const float* errors) {
  add_products(gradient, width, x.dense.data(), dense, x.sparse.data(), x.sparse.size(), errors);
}

}  // namespace wattline::text
