#include "policy/evaluate/calibration.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "study/distributions.h"
#include "study/summary.h"

namespace wattline::policy {
namespace {

std::vector<std::size_t> sorted_by(std::span<const double> predicted) {
  std::vector<std::size_t> order(predicted.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return predicted[a] < predicted[b]; });
  return order;
}

// `order` by prediction; rows may be repeated.
double ece_of(std::span<const double> predicted, std::span<const double> observed,
              const std::vector<std::size_t>& order, std::size_t bins) {
  double sum = 0;
  for (std::size_t b = 0; b < bins; ++b) {
    const std::size_t from = order.size() * b / bins, to = order.size() * (b + 1) / bins;
    double gap = 0;
    for (std::size_t k = from; k < to; ++k) gap += observed[order[k]] - predicted[order[k]];
    sum += std::abs(gap);
  }
  return order.empty() ? 0 : sum / static_cast<double>(order.size());
}

}  // namespace

Interval wilson(double successes, double n, double confidence) {
  if (!(n > 0)) return {0, 1};
  const double z = study::normal_quantile(0.5 + confidence / 2), p = successes / n;
  const double middle = (p + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(std::max(0.0, p * (1 - p) / n + z * z / (4 * n * n)));
  return {std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

std::vector<ReliabilityBin> reliability(std::span<const double> predicted, std::span<const double> observed,
                                        std::size_t bins) {
  const auto order = sorted_by(predicted);
  std::vector<ReliabilityBin> out;
  for (std::size_t b = 0; b < bins; ++b) {
    const std::size_t from = order.size() * b / bins, to = order.size() * (b + 1) / bins;
    if (from == to) continue;
    ReliabilityBin& bin = out.emplace_back();
    bin.n = to - from;
    for (std::size_t k = from; k < to; ++k) {
      bin.predicted += predicted[order[k]] / static_cast<double>(bin.n);
      bin.observed += observed[order[k]] / static_cast<double>(bin.n);
    }
    bin.low = predicted[order[from]], bin.high = predicted[order[to - 1]];
    bin.interval = wilson(bin.observed * static_cast<double>(bin.n), static_cast<double>(bin.n));
  }
  return out;
}

CalibrationError calibration_error(std::span<const double> predicted, std::span<const double> observed,
                                   std::size_t bins, std::size_t resamples, std::uint64_t seed) {
  CalibrationError out;
  const auto order = sorted_by(predicted);
  out.ece = ece_of(predicted, observed, order, bins);
  for (std::size_t i = 0; i < predicted.size(); ++i)
    out.brier += (observed[i] - predicted[i]) * (observed[i] - predicted[i]) / static_cast<double>(predicted.size());
  out.interval = {out.ece, out.ece};
  if (resamples < 2 || order.empty()) return out;
  std::mt19937_64 random(seed);
  std::vector<double> found;
  std::vector<std::size_t> place(order.size()), drawn(order.size());
  for (std::size_t k = 0; k < resamples; ++k) {
    for (auto& d : place) d = ((random() >> 32) * order.size()) >> 32;
    std::sort(place.begin(), place.end());
    for (std::size_t i = 0; i < place.size(); ++i) drawn[i] = order[place[i]];
    found.push_back(ece_of(predicted, observed, drawn, bins));
  }
  std::sort(found.begin(), found.end());
  out.interval = {study::quantile(found, 0.025), study::quantile(found, 0.975)};
  return out;
}

void LowerBound::fit(std::span<const double> predicted, std::span<const double> observed, std::size_t neighbours,
                     double confidence) {
  neighbours_ = neighbours;
  confidence_ = confidence;
  predicted_.clear();
  sums_ = {0};
  for (const std::size_t i : sorted_by(predicted)) {
    predicted_.push_back(predicted[i]);
    sums_.push_back(sums_.back() + observed[i]);
  }
}

double LowerBound::operator()(double p) const {
  if (predicted_.empty()) return 0;
  const std::size_t n = std::min(neighbours_, predicted_.size());
  const auto at =
      static_cast<std::size_t>(std::lower_bound(predicted_.begin(), predicted_.end(), p) - predicted_.begin());
  const std::size_t from = std::min(at > n / 2 ? at - n / 2 : 0, predicted_.size() - n);
  // One-sided: both tails of the interval hold 1 - confidence each.
  return wilson(sums_[from + n] - sums_[from], static_cast<double>(n), 2 * confidence_ - 1).low;
}

}  // namespace wattline::policy
