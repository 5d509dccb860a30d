#include "policy/evaluate/neighbours.h"

#include <algorithm>
#include <cmath>

namespace wattline::policy {
namespace {

constexpr std::size_t nearest_rows = 32;

}  // namespace

Neighbours::Neighbours(std::shared_ptr<const text::Encoder> encoder, const Workload& w,
                       const std::function<void(double)>& between)
    : encoder_(std::move(encoder)),
      width_(encoder_->width()),
      models_(w.models.size()),
      vectors_(w.rows.size() * width_) {
  for (std::size_t r = 0; r < w.rows.size(); ++r) {
    if (between) between(static_cast<double>(r) / static_cast<double>(w.rows.size()));
    encoder_->encode(w.rows[r].prompt, std::span(vectors_).subspan(r * width_, width_));
    for (const auto& a : w.rows[r].answers) quality_.push_back(static_cast<float>(a.quality));
  }
}

void Neighbours::of_row(std::size_t row, std::span<const std::size_t> rows, std::span<float> out) const {
  find(std::span(vectors_).subspan(row * width_, width_), row, rows, out);
}

void Neighbours::of_prompt(std::string_view prompt, std::span<const std::size_t> rows, std::span<float> out) const {
  find(encoder_->encoded(prompt), static_cast<std::size_t>(-1), rows, out);
}

void Neighbours::find(std::span<const float> vector, std::size_t self, std::span<const std::size_t> rows,
                      std::span<float> out) const {
  std::vector<std::pair<float, std::size_t>> near;
  near.reserve(rows.size());
  for (const auto r : rows)
    if (r != self) near.emplace_back(text::dot(vector, std::span(vectors_).subspan(r * width_, width_)), r);
  const std::size_t k = std::min(nearest_rows, near.size());
  std::partial_sort(near.begin(), near.begin() + static_cast<std::ptrdiff_t>(k), near.end(), std::greater<>());
  near.resize(k);
  const float best = near.empty() ? 0 : near.front().first;
  for (std::size_t m = 0; m < models_; ++m) {
    double all = 0, n = 0;
    for (const auto r : rows)
      if (const float q = quality_[r * models_ + m]; r != self && !std::isnan(q)) all += static_cast<double>(q), ++n;
    double sum = 3 * (n > 0 ? all / n : 0.5), weights = 3;
    for (const auto& [cosine, r] : near) {
      const float q = quality_[r * models_ + m];
      if (std::isnan(q)) continue;
      const double weight = std::exp(12 * static_cast<double>(cosine - best));
      sum += weight * static_cast<double>(q), weights += weight;
    }
    out[m] = static_cast<float>(sum / weights);
  }
  out[models_] = out[models_ - 1] - out[0];
  out[models_ + 1] = best;
}

}  // namespace wattline::policy
