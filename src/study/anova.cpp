#include "study/anova.h"

#include <algorithm>
#include <cmath>

#include "study/distributions.h"

namespace wattline::study {

Anova anova(const std::vector<Group>& groups) {
  Anova a;
  const double pivot = groups.empty() || groups[0].values.empty() ? 0 : groups[0].values[0];
  double n = 0, total = 0;
  std::vector<double> sizes, offsets;
  for (const auto& g : groups) {
    if (g.values.empty()) continue;
    // Everything about one value: group means then differ exactly by what their values do.
    std::vector<double> moved(g.values.size());
    std::transform(g.values.begin(), g.values.end(), moved.begin(), [&](double x) { return x - pivot; });
    const Moments m = moments(moved);
    a.within += m.squares;
    sizes.push_back(static_cast<double>(m.n));
    offsets.push_back(m.mean);
    n += sizes.back();
    total += sizes.back() * m.mean;
  }
  const double grand = total / n, k = static_cast<double>(sizes.size());
  for (std::size_t i = 0; i < sizes.size(); ++i) a.between += sizes[i] * (offsets[i] - grand) * (offsets[i] - grand);
  a.df_between = k - 1;
  a.df_within = n - k;
  a.f = a.p = a.residual_sd = a.r_squared = a.eta_squared = a.omega_squared = std::nan("");
  if (k < 2) a.no_test = "fewer than two groups have values";
  else if (!(a.df_within > 0)) a.no_test = "one value in each group tells nothing of the spread";
  else if (!(a.within > 0)) a.no_test = a.between > 0 ? "no group varies within itself" : "all values are the same";
  if (!a.no_test.empty()) return a;
  const double error = a.within / a.df_within;
  a.f = a.between / a.df_between / error;
  a.p = f_upper(a.f, a.df_between, a.df_within);
  a.residual_sd = std::sqrt(error);
  a.r_squared = a.eta_squared = a.between / (a.between + a.within);
  a.omega_squared = std::max(0.0, (a.between - a.df_between * error) / (a.between + a.within + error));
  return a;
}

WelchAnova welch_anova(const std::vector<Group>& groups) {
  WelchAnova w;
  w.f = w.df1 = w.df2 = w.p = std::nan("");
  const double pivot = groups.empty() || groups[0].values.empty() ? 0 : groups[0].values[0];
  std::vector<double> weight, offset, size;
  double k = 0, sum = 0, mean = 0, least = 0;
  for (const auto& g : groups) {
    const Moments m = moments(g.values);
    if (m.n < 2) {
      w.no_test = "group '" + g.name + "' has fewer than two values";
      return w;
    }
    if (!(m.squares > 0)) {
      w.no_test = "group '" + g.name + "' does not vary";
      return w;
    }
    least = k == 0 ? m.variance() : std::min(least, m.variance());
    ++k;
    size.push_back(static_cast<double>(m.n));
    weight.push_back(m.variance());
    double moved = 0;
    for (const double x : g.values) moved += x - pivot;
    offset.push_back(moved / size.back());
  }
  if (k < 2) {
    w.no_test = "fewer than two groups have values";
    return w;
  }
  // Weights in units of the largest, so that tiny variances do not overflow them.
  for (std::size_t i = 0; i < weight.size(); ++i) {
    weight[i] = size[i] * (least / weight[i]);
    sum += weight[i];
    mean += weight[i] * offset[i];
  }
  mean /= sum;
  double between = 0, spread = 0;
  for (std::size_t i = 0; i < weight.size(); ++i) {
    between += weight[i] * (offset[i] - mean) * (offset[i] - mean) / least;
    spread += (1 - weight[i] / sum) * (1 - weight[i] / sum) / (size[i] - 1);
  }
  w.df1 = k - 1;
  w.df2 = (k * k - 1) / (3 * spread);
  w.f = between / (k - 1) / (1 + 2 * (k - 2) / (k * k - 1) * spread);
  w.p = f_upper(w.f, w.df1, w.df2);
  return w;
}

Anova levene(const std::vector<Group>& groups, Centre centre) {
  std::vector<Group> away;
  for (const auto& g : groups) {
    if (g.values.empty()) continue;
    const double middle = centre == Centre::mean ? moments(g.values).mean : median(g.values);
    away.push_back({g.name, {}});
    for (const double x : g.values) away.back().values.push_back(std::abs(x - middle));
  }
  return anova(away);
}

}  // namespace wattline::study
