// Training of linear heads: weighted cross-entropy with L2 on the weights (not the biases), convex, by
// L-BFGS from zero, so that the same examples give the same head.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "text/lbfgs.h"
#include "text/linear_head.h"

namespace wattline::text {

struct Example {
  const Features* features = nullptr;
  std::uint32_t label = 0;
  float weight = 1;  // over 0
};
struct TrainingOptions {
  double l2 = 1e-4;  // of the mean loss
  bool balance = true;  // every label weighs alike, whatever its number of examples
  // n-grams weigh by their rarity, ln(examples / (1 + examples with it)) / 3, which goes into the weights, so
  // that a head's features stay as they are.
  bool rarity = true;
  LbfgsOptions solver;
};

// Error (bad_input): no examples, a label without one or out of range, features of other sizes, a weight or
// l2 that is no positive number.
LinearHead train_linear_head(std::span<const Example> examples, const std::vector<std::string>& labels,
                             const FeatureReader& reader, const TrainingOptions& = {}, LbfgsReport* report = nullptr,
                             const std::function<bool(int iteration)>& go_on = {});

}  // namespace wattline::text
