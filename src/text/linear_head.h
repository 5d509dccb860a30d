// A multinomial logistic regression over features: p(label) = softmax((W x + b) / temperature). It knows
// which features it was trained on and refuses others.
//
// File format `text.head.v1` (docs/formats/text-head.md): 8 bytes of little-endian header length, a JSON
// header, then for each label a scale (float32) and the weights of all features as signed bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/features.h"

namespace wattline::text {

struct LabelScore {
  std::uint32_t label = 0;
  float probability = 0;
};

class LinearHead {
 public:
  // `weights` is [feature][label], dense features first; `bias` has a value for each label. Error
  // (bad_input) for fewer than two or over 4096 labels, repeated names, or sizes that do not fit.
  LinearHead(std::string fingerprint, std::vector<std::string> labels, std::size_t dense, std::size_t sparse,
             std::span<const float> weights, std::span<const float> bias);

  const std::vector<std::string>& labels() const { return labels_; }
  const std::string& fingerprint() const { return fingerprint_; }  // of the FeatureReader
  std::size_t dense_width() const { return dense_; }
  std::size_t sparse_width() const { return sparse_; }
  double temperature() const { return temperature_; }
  void set_temperature(double);  // over 0
  // What it was trained on, for people; kept in the file.
  std::string note;

  // Error (bad_input) when `reader` makes other features than the head was trained on.
  void check(const FeatureReader& reader) const;

  // probabilities.size() == labels().size(). Allocates nothing up to 64 labels.
  void predict(const Features&, std::span<float> probabilities) const;
  // Before softmax and temperature.
  void scores(const Features&, std::span<float> out) const;

  std::string save() const;
  // Weights come back rounded to 1/127 of the largest of their label. Error (bad_input, at `where`) for
  // anything that save() does not write: cut short, other version, sizes that disagree, numbers that are not
  // finite.
  static LinearHead load(std::string_view bytes, std::string_view where);

 private:
  std::size_t padded() const { return (labels_.size() + 15) / 16 * 16; }

  std::string fingerprint_;
  std::vector<std::string> labels_;
  std::size_t dense_, sparse_;
  std::vector<float> weights_, bias_;  // [feature][padded label]
  double temperature_ = 1;
};

// In place: exp(s / temperature) over their sum.
void softmax(std::span<float> scores, double temperature = 1);
// The `k` likeliest labels, likeliest first; equal ones by number.
std::vector<LabelScore> top_labels(std::span<const float> probabilities, std::size_t k);
// 1 when one label has it all, 0 when all are alike: 1 - entropy / ln(labels).
double decisiveness(std::span<const float> probabilities);

}  // namespace wattline::text
