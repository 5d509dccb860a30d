#include "policy/evaluate/trees.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numeric>
#include <random>

namespace wattline::policy {
namespace {

constexpr std::size_t bins = 32;

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

}  // namespace

void Trees::fit(std::span<const float> x, std::size_t width, std::span<const double> target, const TreesFit& how) {
  nodes_.clear();
  roots_.clear();
  logistic_ = how.logistic;
  const std::size_t n = target.size();
  double mean = 0;
  for (const double t : target) mean += t / static_cast<double>(std::max<std::size_t>(n, 1));
  start_ = logistic_ ? std::log(std::clamp(mean, 1e-4, 1 - 1e-4) / (1 - std::clamp(mean, 1e-4, 1 - 1e-4))) : mean;
  if (n == 0) return;

  // Each feature by its quantiles.
  std::vector<std::vector<float>> bounds(width);
  std::vector<std::uint8_t> binned(n * width);
  for (std::size_t f = 0; f < width; ++f) {
    std::vector<float> sorted;
    for (std::size_t r = 0; r < n; ++r)
      if (const float v = x[r * width + f]; !std::isnan(v)) sorted.push_back(v);
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t b = 1; b < bins && !sorted.empty(); ++b)
      if (const float q = sorted[b * (sorted.size() - 1) / bins]; bounds[f].empty() || q > bounds[f].back())
        bounds[f].push_back(q);
    for (std::size_t r = 0; r < n; ++r) {
      const float v = x[r * width + f];
      binned[r * width + f] =
          std::isnan(v)
              ? 0
              : static_cast<std::uint8_t>(std::lower_bound(bounds[f].begin(), bounds[f].end(), v) - bounds[f].begin());
    }
  }

  std::mt19937_64 random(how.seed);
  std::vector<double> score(n, start_), gradient(n), curvature(n, 1.0);
  std::vector<std::size_t> features(width), all(n), drawn;
  std::iota(features.begin(), features.end(), std::size_t{0});
  std::iota(all.begin(), all.end(), std::size_t{0});
  const auto shuffle = [&](auto& v) {
    for (std::size_t i = v.size(); i > 1; --i) std::swap(v[i - 1], v[random() % i]);
  };
  const std::size_t tried = std::min(
      width, std::max<std::size_t>(1, static_cast<std::size_t>(how.feature_share * static_cast<double>(width))));

  std::function<int(std::span<std::size_t>, int)> grow = [&](std::span<std::size_t> rows, int depth) -> int {
    double g = 0, h = 0;
    for (const std::size_t r : rows) g += gradient[r], h += curvature[r];
    double best = 1e-9;
    std::size_t at = 0, cut = 0;
    for (std::size_t k = 0; depth > 0 && k < tried; ++k) {
      const std::size_t f = features[k];
      std::array<double, bins> gs{}, hs{};
      std::array<std::size_t, bins> counts{};
      for (const std::size_t r : rows) {
        const std::size_t b = binned[r * width + f];
        gs[b] += gradient[r], hs[b] += curvature[r], ++counts[b];
      }
      double gl = 0, hl = 0;
      std::size_t left = 0;
      for (std::size_t b = 0; b < bounds[f].size(); ++b) {
        gl += gs[b], hl += hs[b], left += counts[b];
        if (left < how.least_rows || rows.size() - left < how.least_rows) continue;
        const double gr = g - gl, hr = h - hl;
        const double gain = gl * gl / (hl + how.ridge) + gr * gr / (hr + how.ridge) - g * g / (h + how.ridge);
        if (gain > best) best = gain, at = f, cut = b + 1;
      }
    }
    const int node = static_cast<int>(nodes_.size());
    nodes_.emplace_back();
    if (cut == 0) {
      nodes_.back().value = how.rate * g / (h + how.ridge);
      return node;
    }
    const auto middle =
        std::stable_partition(rows.begin(), rows.end(), [&](std::size_t r) { return binned[r * width + at] < cut; });
    const auto left = static_cast<std::size_t>(middle - rows.begin());
    const int l = grow(rows.first(left), depth - 1), r = grow(rows.subspan(left), depth - 1);
    Node& made = nodes_[static_cast<std::size_t>(node)];
    made.feature = static_cast<int>(at), made.bound = bounds[at][cut - 1], made.left = l, made.right = r;
    return node;
  };

  for (int t = 0; t < how.trees; ++t) {
    for (std::size_t r = 0; r < n; ++r) {
      const double p = logistic_ ? sigmoid(score[r]) : score[r];
      gradient[r] = target[r] - p;
      if (logistic_) curvature[r] = std::max(p * (1 - p), 1e-6);
    }
    shuffle(all);
    shuffle(features);
    drawn.assign(all.begin(),
                 all.begin() + static_cast<std::ptrdiff_t>(std::max(1.0, how.row_share * static_cast<double>(n))));
    const int root = grow(drawn, how.depth);
    roots_.push_back(root);
    for (std::size_t r = 0; r < n; ++r) {
      int at = root;
      const float* const row = x.data() + r * width;
      while (nodes_[static_cast<std::size_t>(at)].feature >= 0) {
        const Node& node = nodes_[static_cast<std::size_t>(at)];
        const float v = row[node.feature];
        at = std::isnan(v) || v <= node.bound ? node.left : node.right;
      }
      score[r] += nodes_[static_cast<std::size_t>(at)].value;
    }
  }
}

double Trees::predict(std::span<const float> row) const {
  double score = start_;
  for (const int root : roots_) {
    int at = root;
    while (nodes_[static_cast<std::size_t>(at)].feature >= 0) {
      const Node& node = nodes_[static_cast<std::size_t>(at)];
      const float v = row[static_cast<std::size_t>(node.feature)];
      at = std::isnan(v) || v <= node.bound ? node.left : node.right;
    }
    score += nodes_[static_cast<std::size_t>(at)].value;
  }
  return logistic_ ? sigmoid(score) : score;
}

}  // namespace wattline::policy
