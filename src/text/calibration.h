// From scores to probabilities that mean what they say, and how far off they are.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace wattline::text {

struct ReliabilityBin {
  double low = 0, high = 0;  // of the confidence
  double confidence = 0, accuracy = 0;  // means within
  std::size_t count = 0;
};
// Bins of equal width over 0..1 (Guo et al. 2017, arXiv 1706.04599). Error (bad_input) when the lists differ
// in length, a confidence is outside 0..1, or bins is not 1 to 1000.
std::vector<ReliabilityBin> reliability(std::span<const double> confidence, std::span<const std::uint8_t> correct,
                                        int bins = 15);
// Expected calibration error: the mean of |confidence - accuracy| over bins by their share. 0 for no data.
double calibration_error(std::span<const ReliabilityBin> bins);

// The temperature that makes the labels likeliest (Guo et al. 2017): `scores` holds a row of `labels` scores
// for each of `truth`. From 0.05 to 20; 1 for no data.
double fit_temperature(std::span<const float> scores, std::size_t labels, std::span<const std::uint32_t> truth);

// p = 1 / (1 + exp(a score + b)), fitted with Platt's smoothed targets (Platt 1999; Lin, Lin and Weng 2007,
// doi:10.1007/s10994-007-5018-6).
struct Platt {
  double a = -1, b = 0;
  double operator()(double score) const;
};
// Error (bad_input) when the lists differ in length or hold one outcome only.
Platt fit_platt(std::span<const double> scores, std::span<const std::uint8_t> outcomes);

// The step function that never falls and is nearest to the outcomes in squares (pool adjacent violators),
// with straight lines between the steps' middles; outside them it stays level.
class Isotonic {
 public:
  Isotonic() = default;  // the identity on 0..1
  Isotonic(std::span<const double> scores, std::span<const std::uint8_t> outcomes);
  // Knots as saved; Error (bad_input) when places do not rise, values fall, or a number is not finite.
  explicit Isotonic(std::vector<std::pair<double, double>> knots);
  double operator()(double score) const;
  const std::vector<std::pair<double, double>>& knots() const { return knots_; }

 private:
  std::vector<std::pair<double, double>> knots_{{0, 0}, {1, 1}};
};

}  // namespace wattline::text
