#include "policy/tools/outcome_vectors.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "text/encoder.h"

namespace wattline::policy {
namespace {

float length(std::span<const float> v) { return std::sqrt(text::dot(v, v)); }

}  // namespace

std::size_t OutcomeVectors::add(std::span<const float> text) {
  assert(text.size() == width_);
  texts_.insert(texts_.end(), text.begin(), text.end());
  text::normalise(std::span(texts_).last(width_));
  sums_.resize(texts_.size()), failures_.resize(texts_.size());
  served_.push_back(0), failed_.push_back(0);
  return served_.size() - 1;
}

std::size_t OutcomeVectors::add(std::span<const std::uint32_t> indices, std::span<const float> values) {
  std::vector<float> text(width_);
  for (std::size_t k = 0; k < indices.size(); ++k) text[indices[k]] += values[k];
  return add(text);
}

void OutcomeVectors::served(std::size_t tool, std::span<const float> query, float weight) {
  for (std::size_t d = 0; d < width_; ++d) sums_[tool * width_ + d] += weight * query[d];
  served_[tool] += weight;
}

void OutcomeVectors::failed(std::size_t tool, std::span<const float> query, float weight) {
  for (std::size_t d = 0; d < width_; ++d) failures_[tool * width_ + d] += weight * query[d];
  failed_[tool] += weight;
}

void OutcomeVectors::served(std::size_t tool, std::span<const std::uint32_t> indices, std::span<const float> values) {
  for (std::size_t k = 0; k < indices.size(); ++k) sums_[tool * width_ + indices[k]] += values[k];
  served_[tool] += 1;
}

void OutcomeVectors::failed(std::size_t tool, std::span<const std::uint32_t> indices, std::span<const float> values) {
  for (std::size_t k = 0; k < indices.size(); ++k) failures_[tool * width_ + indices[k]] += values[k];
  failed_[tool] += 1;
}

void OutcomeVectors::forget(std::size_t tool, float keep) {
  for (std::size_t d = tool * width_; d < (tool + 1) * width_; ++d) sums_[d] *= keep, failures_[d] *= keep;
  served_[tool] *= keep, failed_[tool] *= keep;
}

void OutcomeVectors::forget_failures() {
  std::fill(failures_.begin(), failures_.end(), 0.0F);
  std::fill(failed_.begin(), failed_.end(), 0.0F);
}

void OutcomeVectors::refined(std::size_t tool, const Refinement& r, std::span<float> out) const {
  const auto row = [&](const std::vector<float>& all) { return std::span(all).subspan(tool * width_, width_); };
  const auto share = [&](float most, float n) { return n > 0 ? most * n / (n + r.shrink) : 0.0F; };
  const auto over = [](float s, float norm) { return norm > 0 ? s / norm : 0.0F; };
  const auto text = row(texts_), sum = row(sums_), failure = row(failures_);
  const float pull = share(r.pull, served_[tool]), push = share(r.push, failed_[tool]);
  const float towards = over(pull, length(sum)), away = over(push, length(failure));
  for (std::size_t d = 0; d < width_; ++d) out[d] = (1 - pull) * text[d] + towards * sum[d] - away * failure[d];
  text::normalise(out.first(width_));
}

}  // namespace wattline::policy
