#include "policy/evaluate/off_policy.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include <fmt/format.h>

#include "kernel/error.h"
#include "study/summary.h"

namespace wattline::policy {

OffPolicy off_policy(std::span<const LoggedChoice> log, double cap, std::size_t resamples, std::uint64_t seed) {
  if (log.empty()) throw bad_input("the log is empty: nothing can be told from it");
  std::vector<double> weight(log.size());
  OffPolicy out;
  double squares = 0, sum = 0;
  for (std::size_t i = 0; i < log.size(); ++i) {
    const LoggedChoice& c = log[i];
    if (!(c.logged > 0 && c.logged <= 1 + 1e-9) || !(c.target >= 0 && c.target <= 1 + 1e-9))
      throw bad_input(fmt::format("row {}: propensities {} (logged) and {} (judged); above 0 and at most 1 is allowed",
                                  i + 1, c.logged, c.target),
                      {}, "log the probability with which each choice was made");
    weight[i] = c.target / c.logged;
    if (cap > 0) weight[i] = std::min(weight[i], cap);
    sum += weight[i], squares += weight[i] * weight[i];
    out.largest_weight = std::max(out.largest_weight, weight[i]);
  }
  const double n = static_cast<double>(log.size());
  out.effective_n = squares > 0 ? sum * sum / squares : 0;
  out.mean_weight = sum / n;

  struct Sums {
    double ips = 0, weights = 0, robust = 0;
    void add(const LoggedChoice& c, double w) {
      ips += w * c.reward, weights += w, robust += c.predicted_target + w * (c.reward - c.predicted);
    }
  } all;
  for (std::size_t i = 0; i < log.size(); ++i) all.add(log[i], weight[i]);
  const auto normalised = [](const Sums& s) { return s.weights > 0 ? s.ips / s.weights : std::nan(""); };
  out.ips.value = all.ips / n;
  out.self_normalised.value = normalised(all);
  out.doubly_robust.value = all.robust / n;

  std::mt19937_64 random(seed);
  std::vector<double> ips, self, robust;
  for (std::size_t k = 0; k < resamples; ++k) {
    Sums drawn;
    for (std::size_t i = 0; i < log.size(); ++i) {
      const std::size_t r = ((random() >> 32) * log.size()) >> 32;
      drawn.add(log[r], weight[r]);
    }
    ips.push_back(drawn.ips / n), robust.push_back(drawn.robust / n);
    if (const double v = normalised(drawn); std::isfinite(v)) self.push_back(v);
  }
  const auto interval = [](std::vector<double>& v) {
    std::sort(v.begin(), v.end());
    if (v.size() < 2) return Interval{std::nan(""), std::nan("")};
    return Interval{study::quantile(v, 0.025), study::quantile(v, 0.975)};
  };
  out.ips.interval = interval(ips);
  out.self_normalised.interval = interval(self);
  out.doubly_robust.interval = interval(robust);
  return out;
}

}  // namespace wattline::policy
