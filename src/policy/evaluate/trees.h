// Gradient-boosted regression trees (Friedman, Ann. Stat. 29, 2001) on dense features, squared or logistic loss,
// splits on quantile bins. Small, deterministic, for tables of some thousands of rows.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace wattline::policy {

struct TreesFit {
  bool logistic = false;  // targets 0 .. 1 and predictions of probabilities; otherwise squared loss
  int trees = 150, depth = 3;
  double rate = 0.05, ridge = 5;
  std::size_t least_rows = 25;  // of a leaf
  double row_share = 0.7, feature_share = 0.5;  // drawn for each tree
  std::uint64_t seed = 1;
};

class Trees {
 public:
  // `x`: rows of `width` features one after another; NaN goes left.
  void fit(std::span<const float> x, std::size_t width, std::span<const double> target, const TreesFit& = {});
  double predict(std::span<const float> row) const;

 private:
  struct Node {
    int feature = -1;  // -1: a leaf
    float bound = 0;  // left: at most this
    int left = 0, right = 0;
    double value = 0;
  };
  std::vector<Node> nodes_;
  std::vector<int> roots_;
  double start_ = 0;
  bool logistic_ = false;
};

}  // namespace wattline::policy
