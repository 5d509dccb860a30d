#include "policy/evaluate/softmax.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

namespace wattline::policy {
namespace {

constexpr std::size_t lanes = 8;

// y = keep y + step x over whole lanes: a trip count that the compiler knows becomes vector code.
void blend(float keep, float step, const float* x, float* y, std::size_t stride) {
  for (std::size_t c = 0; c < stride; c += lanes)
    for (std::size_t k = 0; k < lanes; ++k) y[c + k] = keep * y[c + k] + step * x[c + k];
}

}  // namespace

void Softmax::fit(const SparseRows& all, std::span<const std::size_t> rows, std::span<const std::uint32_t> label,
                  std::uint32_t classes, int bits, const SoftmaxFit& how) {
  classes_ = classes;
  stride_ = (classes + lanes - 1) / lanes * lanes;
  weights_.assign((std::size_t{1} << bits) * stride_, 0);
  bias_.assign(stride_, 0);
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::mt19937_64 random(how.seed);
  std::vector<float> p(stride_);
  const float steps = static_cast<float>(rows.size()) * static_cast<float>(how.epochs);
  float done = 0;
  for (int epoch = 0; epoch < how.epochs; ++epoch) {
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
    for (const std::size_t k : order) {
      predict(all, rows[k], std::span(p).first(classes));
      p[label[k]] -= 1;
      const float rate = how.rate * std::max(0.05F, 1 - done++ / steps);
      const auto index = all.indices(rows[k]);
      const auto value = all.values(rows[k]);
      for (std::size_t f = 0; f < index.size(); ++f) {
        blend(1 - rate * how.decay, -rate * value[f], p.data(), &weights_[index[f] * stride_], stride_);
      }
      for (std::uint32_t c = 0; c < classes; ++c) bias_[c] -= 0.1F * rate * p[c];
    }
  }
}

void Softmax::predict(const SparseRows& all, std::size_t row, std::span<float> out) const {
  thread_local std::vector<float> sums;
  sums = bias_;
  const auto index = all.indices(row);
  const auto value = all.values(row);
  for (std::size_t f = 0; f < index.size(); ++f)
    blend(1, value[f], &weights_[index[f] * stride_], sums.data(), stride_);
  std::copy(sums.begin(), sums.begin() + classes_, out.begin());
  const float top = *std::max_element(out.begin(), out.end());
  float sum = 0;
  for (float& x : out) sum += x = std::exp(x - top);
  for (float& x : out) x /= sum;
}

}  // namespace wattline::policy
