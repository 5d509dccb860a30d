// Vectors of tools that are moved by what came of using them (OATS, arXiv 2603.13426): towards the mean of the queries
// that a tool served, away from the mean of those for which it was taken and failed, and brought to length 1 again:
//   v = normalise((1 - p) d + p s - q f),  p = pull n / (n + shrink),  q = push m / (m + shrink),
// d the vector of the tool's text, s and f the mean directions of n served and m failed queries. Ranking with v costs
// what ranking with d costs. OATS gives no pull; the grid 0.3, 0.5, 0.7, 1 and the shrinkage are ours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace wattline::policy {

struct Refinement {
  float pull = 0.7F, push = 0.1F;
  float shrink = 2;  // outcomes that weigh as much as the text
};

class OutcomeVectors {
 public:
  explicit OutcomeVectors(std::size_t width) : width_(width) {}

  std::size_t width() const { return width_; }
  std::size_t tools() const { return served_.size(); }
  // A tool by the vector of its text, of any length. Its number.
  std::size_t add(std::span<const float> text);
  std::size_t add(std::span<const std::uint32_t> indices, std::span<const float> values);

  // Outcomes, of weight above 0; `query` has length 1.
  void served(std::size_t tool, std::span<const float> query, float weight = 1);
  void failed(std::size_t tool, std::span<const float> query, float weight = 1);
  void served(std::size_t tool, std::span<const std::uint32_t> indices, std::span<const float> values);
  void failed(std::size_t tool, std::span<const std::uint32_t> indices, std::span<const float> values);
  // Older outcomes weigh less: all are multiplied by `keep`, 0 to 1.
  void forget(std::size_t tool, float keep);
  void forget_failures();

  float served_weight(std::size_t tool) const { return served_[tool]; }
  float failed_weight(std::size_t tool) const { return failed_[tool]; }
  // v above, width() values; of length 1, or all 0.
  void refined(std::size_t tool, const Refinement&, std::span<float> out) const;

 private:
  std::size_t width_;
  std::vector<float> texts_, sums_, failures_;  // [tool][width]
  std::vector<float> served_, failed_;  // weights
};

}  // namespace wattline::policy
