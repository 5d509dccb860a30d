#include "study/rank.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "study/distributions.h"

namespace wattline::study {

std::vector<double> ranks(Values v, double* tie_sum) {
  std::vector<std::size_t> order(v.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return v[a] < v[b]; });
  std::vector<double> out(v.size());
  if (tie_sum) *tie_sum = 0;
  for (std::size_t i = 0; i < order.size();) {
    std::size_t j = i;
    while (j < order.size() && v[order[j]] == v[order[i]]) ++j;
    const double shared = 0.5 * static_cast<double>(i + 1 + j), t = static_cast<double>(j - i);
    for (std::size_t k = i; k < j; ++k) out[order[k]] = shared;
    if (tie_sum) *tie_sum += t * t * t - t;
    i = j;
  }
  return out;
}

namespace {

// Twice the smaller tail of a distribution of counts (index = statistic).
double two_sided(const std::vector<double>& counts, std::size_t at) {
  double total = 0, below = 0, above = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    total += counts[i];
    if (i <= at) below += counts[i];
    if (i >= at) above += counts[i];
  }
  return std::min(1.0, 2 * std::min(below, above) / total);
}

// How many arrangements of m and n values give each U: U is a sum of n numbers 0..m in order, counted
// by the recurrence of Mann and Whitney.
std::vector<double> u_counts(std::size_t m, std::size_t n) {
  std::vector<std::vector<double>> f(n + 1, std::vector<double>(m * n + 1, 0));
  f[0][0] = 1;
  for (std::size_t i = 1; i <= m + n; ++i)
    for (std::size_t j = std::min(i, n); j >= 1; --j) {
      // Taking the value of rank i as the j-th of b adds i - j values of a below it.
      if (i - j > m) continue;
      for (std::size_t u = m * n + 1; u-- > i - j;) f[j][u] += f[j - 1][u - (i - j)];
    }
  return f[n];
}

double normal_two_sided(double z) { return std::min(1.0, 2 * normal_cdf(-std::abs(z))); }

}  // namespace

RankTest mann_whitney(Values a, Values b) {
  RankTest r;
  const double m = static_cast<double>(a.size()), n = static_cast<double>(b.size()), all = m + n;
  if (a.empty() || b.empty()) {
    r.no_test = "a group is empty";
    r.p = std::nan("");
    return r;
  }
  std::vector<double> both(a.begin(), a.end());
  both.insert(both.end(), b.begin(), b.end());
  double tie_sum = 0;
  const std::vector<double> rank = ranks(both, &tie_sum);
  r.statistic =
      std::accumulate(rank.begin() + static_cast<std::ptrdiff_t>(a.size()), rank.end(), 0.0) - n * (n + 1) / 2;
  r.ties = tie_sum > 0;
  if (!r.ties && a.size() <= 20 && b.size() <= 20) {
    r.exact = true;
    r.p = two_sided(u_counts(a.size(), b.size()), static_cast<std::size_t>(std::lround(r.statistic)));
    return r;
  }
  const double variance = m * n / 12 * (all + 1 - tie_sum / (all * (all - 1)));
  if (!(variance > 1e-12)) {
    r.no_test = "all values are the same";
    r.p = std::nan("");
    return r;
  }
  const double away = std::max(0.0, std::abs(r.statistic - m * n / 2) - 0.5);
  r.p = normal_two_sided(away / std::sqrt(variance));
  return r;
}

RankTest kruskal_wallis(const std::vector<Group>& groups) {
  RankTest r;
  std::vector<double> all;
  for (const auto& g : groups) all.insert(all.end(), g.values.begin(), g.values.end());
  double tie_sum = 0;
  const std::vector<double> rank = ranks(all, &tie_sum);
  const double n = static_cast<double>(all.size());
  r.ties = tie_sum > 0;
  double sum = 0, k = 0;
  std::size_t at = 0;
  for (const auto& g : groups) {
    if (g.values.empty()) continue;
    double ranks_of = 0;
    for (std::size_t i = 0; i < g.values.size(); ++i) ranks_of += rank[at++];
    const double size = static_cast<double>(g.values.size()), away = ranks_of / size - (n + 1) / 2;
    sum += size * away * away;
    ++k;
  }
  const double correction = n > 1 ? 1 - tie_sum / (n * n * n - n) : 0;
  if (k < 2 || !(correction > 1e-12)) {
    r.no_test = k < 2 ? "fewer than two groups have values" : "all values are the same";
    r.statistic = r.p = std::nan("");
    return r;
  }
  r.statistic = 12 / (n * (n + 1)) * sum / correction;
  r.p = chi_squared_upper(r.statistic, k - 1);
  return r;
}

RankTest wilcoxon_signed_rank(Values a, Values b) {
  RankTest r;
  std::vector<double> differences, sizes;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    if (b[i] != a[i]) differences.push_back(b[i] - a[i]);
  for (const double d : differences) sizes.push_back(std::abs(d));
  if (differences.empty()) {
    r.no_test = "no pair differs";
    r.p = std::nan("");
    return r;
  }
  double tie_sum = 0;
  const std::vector<double> rank = ranks(sizes, &tie_sum);
  r.ties = tie_sum > 0;
  for (std::size_t i = 0; i < rank.size(); ++i)
    if (differences[i] > 0) r.statistic += rank[i];
  const std::size_t n = differences.size();
  const double m = static_cast<double>(n);
  if (!r.ties && n <= 25) {
    std::vector<double> counts(n * (n + 1) / 2 + 1, 0);
    counts[0] = 1;
    for (std::size_t k = 1; k <= n; ++k)
      for (std::size_t w = counts.size(); w-- > k;) counts[w] += counts[w - k];
    r.exact = true;
    r.p = two_sided(counts, static_cast<std::size_t>(std::lround(r.statistic)));
    return r;
  }
  const double variance = m * (m + 1) * (2 * m + 1) / 24 - tie_sum / 48;
  const double away = std::max(0.0, std::abs(r.statistic - m * (m + 1) / 4) - 0.5);
  r.p = normal_two_sided(away / std::sqrt(variance));
  return r;
}

double hodges_lehmann(Values a, Values b, bool pairs) {
  constexpr std::size_t most = 10'000'000;
  std::vector<double> all;
  if (pairs) {
    const std::size_t n = std::min(a.size(), b.size());
    if (n == 0 || n * (n + 1) / 2 > most) return std::nan("");
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = i; j < n; ++j) all.push_back(0.5 * ((b[i] - a[i]) + (b[j] - a[j])));
  } else {
    if (a.empty() || b.empty() || a.size() > most / b.size()) return std::nan("");
    for (const double x : b)
      for (const double y : a) all.push_back(x - y);
  }
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  std::nth_element(all.begin(), middle, all.end());
  if (all.size() % 2 == 1) return *middle;
  return 0.5 * (*middle + *std::max_element(all.begin(), middle));
}

}  // namespace wattline::study
