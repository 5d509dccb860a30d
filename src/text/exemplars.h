// Labels known by examples: a text is like a label as much as it is like the nearest of its exemplars
// (best), like their mean (centroid). Vectors of one encoder; all of length 1.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/encoder.h"

namespace wattline::text {

class Exemplars {
 public:
  explicit Exemplars(const Encoder& encoder) : width_(encoder.width()), fingerprint_(encoder.fingerprint()) {}

  // The label's number: a known name goes on where it is.
  std::uint32_t add(std::string_view label, std::string_view text, const Encoder&);
  std::uint32_t add(std::string_view label, std::span<const float> vector);

  const std::vector<std::string>& labels() const { return labels_; }
  std::size_t size() const { return owner_.size(); }
  const std::string& fingerprint() const { return fingerprint_; }
  // Error (bad_input) when the encoder is another than the exemplars'.
  void check(const Encoder&) const;

  // Cosine with the nearest exemplar of each label; scores.size() == labels().size().
  void best(std::span<const float> vector, std::span<float> scores) const;
  // Cosine with each label's mean direction.
  void centroid(std::span<const float> vector, std::span<float> scores) const;

 private:
  std::size_t width_;
  std::string fingerprint_;
  std::vector<std::string> labels_;
  std::vector<std::uint32_t> owner_;  // label by exemplar
  std::vector<float> vectors_, sums_;
};

}  // namespace wattline::text
