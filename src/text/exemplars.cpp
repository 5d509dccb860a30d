#include "text/exemplars.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"

namespace wattline::text {

std::uint32_t Exemplars::add(std::string_view label, std::string_view text, const Encoder& encoder) {
  check(encoder);
  return add(label, encoder.encoded(text));
}

std::uint32_t Exemplars::add(std::string_view label, std::span<const float> vector) {
  if (vector.size() != width_)
    throw bad_input(fmt::format("a vector of {} values among vectors of {}", vector.size(), width_), "exemplars");
  const auto known = std::find(labels_.begin(), labels_.end(), label);
  const auto number = static_cast<std::uint32_t>(known - labels_.begin());
  if (known == labels_.end()) {
    labels_.emplace_back(label);
    sums_.resize(sums_.size() + width_);
  }
  owner_.push_back(number);
  vectors_.insert(vectors_.end(), vector.begin(), vector.end());
  for (std::size_t d = 0; d < width_; ++d) sums_[number * width_ + d] += vector[d];
  return number;
}

void Exemplars::check(const Encoder& encoder) const {
  if (encoder.fingerprint() != fingerprint_)
    throw bad_input(
        fmt::format("exemplars of {} cannot be compared with vectors of {}", fingerprint_, encoder.fingerprint()),
        "exemplars", "encode them again");
}

void Exemplars::best(std::span<const float> vector, std::span<float> scores) const {
  std::fill(scores.begin(), scores.end(), -1.0f);
  for (std::size_t i = 0; i < owner_.size(); ++i)
    scores[owner_[i]] = std::max(scores[owner_[i]], dot(vector, std::span(vectors_).subspan(i * width_, width_)));
}

void Exemplars::centroid(std::span<const float> vector, std::span<float> scores) const {
  for (std::size_t l = 0; l < labels_.size(); ++l) {
    const auto sum = std::span(sums_).subspan(l * width_, width_);
    const float length = std::sqrt(dot(sum, sum));
    scores[l] = length > 0 ? dot(vector, sum) / length : 0;
  }
}

}  // namespace wattline::text
