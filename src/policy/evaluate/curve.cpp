#include "policy/evaluate/curve.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "study/summary.h"

namespace wattline::policy {
namespace {

// `order`: rows by falling score; times[i]: how often row i counts.
TradeOff swept(std::span<const double> score, std::span<const double> weak, std::span<const double> strong,
               const std::vector<std::size_t>& order, std::span<const std::uint32_t> times) {
  TradeOff t;
  double n = 0;
  for (const std::size_t r : order) {
    n += times[r], t.weak += times[r] * weak[r], t.strong += times[r] * strong[r];
  }
  double quality = t.weak, area = 0, taken = 0;
  t.share.push_back(0), t.quality.push_back(quality / n);
  for (std::size_t i = 0; i < order.size();) {
    double rows = 0, gain = 0;
    const double s = score[order[i]];
    for (; i < order.size() && score[order[i]] == s; ++i) {
      const std::size_t r = order[i];
      rows += times[r], gain += times[r] * (strong[r] - weak[r]);
    }
    if (rows == 0) continue;
    area += rows * (quality + gain / 2);
    quality += gain, taken += rows;
    t.share.push_back(taken / n), t.quality.push_back(quality / n);
  }
  t.weak /= n, t.strong /= n;
  t.apgr = (area / (n * n) - t.weak) / (t.strong - t.weak);
  return t;
}

std::vector<std::size_t> by_falling(std::span<const double> score) {
  std::vector<std::size_t> order(score.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return score[a] > score[b]; });
  return order;
}

}  // namespace

double TradeOff::quality_at(double f) const {
  const auto above = std::lower_bound(share.begin(), share.end(), f);
  if (above == share.begin()) return quality.front();
  if (above == share.end()) return quality.back();
  const auto i = static_cast<std::size_t>(above - share.begin());
  return quality[i - 1] + (f - share[i - 1]) / (share[i] - share[i - 1]) * (quality[i] - quality[i - 1]);
}

double TradeOff::cpt(double recovered) const {
  const double wanted = weak + recovered * (strong - weak);
  for (std::size_t i = 0; i < share.size(); ++i) {
    if (quality[i] < wanted) continue;
    if (i == 0) return 0;
    return share[i - 1] + (wanted - quality[i - 1]) / (quality[i] - quality[i - 1]) * (share[i] - share[i - 1]);
  }
  return std::nan("");
}

TradeOff trade_off(std::span<const double> score, std::span<const double> weak, std::span<const double> strong) {
  const std::vector<std::uint32_t> once(score.size(), 1);
  return swept(score, weak, strong, by_falling(score), once);
}

TradeOffIntervals trade_off_intervals(std::span<const double> score, std::span<const double> weak,
                                      std::span<const double> strong, std::size_t resamples, std::uint64_t seed) {
  const auto order = by_falling(score);
  const std::size_t n = score.size();
  std::mt19937_64 random(seed);
  std::vector<double> apgr, cpt50, cpt80, half;
  std::vector<std::uint32_t> times(n);
  for (std::size_t k = 0; k < resamples; ++k) {
    std::fill(times.begin(), times.end(), 0);
    for (std::size_t i = 0; i < n; ++i) ++times[((random() >> 32) * n) >> 32];
    const TradeOff t = swept(score, weak, strong, order, times);
    // A resample without a gap says nothing of its share.
    if (!std::isfinite(t.apgr)) continue;
    apgr.push_back(t.apgr), half.push_back(t.quality_at(0.5));
    if (const double c = t.cpt(0.5); std::isfinite(c)) cpt50.push_back(c);
    if (const double c = t.cpt(0.8); std::isfinite(c)) cpt80.push_back(c);
  }
  const auto interval = [](std::vector<double>& v) {
    std::sort(v.begin(), v.end());
    if (v.size() < 2) return Interval{std::nan(""), std::nan("")};
    return Interval{study::quantile(v, 0.025), study::quantile(v, 0.975)};
  };
  return {interval(apgr), interval(cpt50), interval(cpt80), interval(half)};
}

}  // namespace wattline::policy
