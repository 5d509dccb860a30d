#include "study/pairwise.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "study/anova.h"
#include "study/distributions.h"

namespace wattline::study {
namespace {

// Indices of the p-values that are numbers, smallest first.
std::vector<std::size_t> rising(const std::vector<double>& p) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < p.size(); ++i)
    if (!std::isnan(p[i])) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  return order;
}

}  // namespace

std::vector<double> holm(const std::vector<double>& p) {
  std::vector<double> out = p;
  const auto order = rising(p);
  double so_far = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    so_far = std::max(so_far, std::min(1.0, p[order[i]] * static_cast<double>(order.size() - i)));
    out[order[i]] = so_far;
  }
  return out;
}

std::vector<double> benjamini_hochberg(const std::vector<double>& p) {
  std::vector<double> out = p;
  const auto order = rising(p);
  double so_far = 1;
  for (std::size_t i = order.size(); i-- > 0;) {
    so_far = std::min(so_far, p[order[i]] * static_cast<double>(order.size()) / static_cast<double>(i + 1));
    out[order[i]] = so_far;
  }
  return out;
}

std::vector<Pair> pairwise(const std::vector<Group>& groups, double confidence) {
  std::vector<Pair> pairs;
  const int k = static_cast<int>(groups.size());
  const Anova all = anova(groups);
  std::vector<double> p;
  for (std::size_t a = 0; a < groups.size(); ++a) {
    if (a > 0 && groups.size() > most_for_all) break;
    for (std::size_t b = a + 1; b < groups.size(); ++b) {
      Pair pair;
      pair.a = a;
      pair.b = b;
      const Values va = groups[a].values, vb = groups[b].values;
      pair.welch = welch(va, vb, confidence);
      pair.effect = effect_size(va, vb, false, confidence);
      pair.p_games_howell = pair.p_tukey = std::nan("");
      pair.interval = {std::nan(""), std::nan("")};
      if (pair.welch.no_test.empty()) {
        const double root2 = std::sqrt(2.0);
        pair.p_games_howell = 1 - studentized_range_cdf(root2 * std::abs(pair.welch.t), k, pair.welch.df);
        const double half =
            studentized_range_quantile(confidence, k, pair.welch.df) / root2 * pair.welch.standard_error;
        pair.interval = {pair.welch.difference - half, pair.welch.difference + half};
      }
      if (all.no_test.empty() && !va.empty() && !vb.empty()) {
        const double error =
            all.residual_sd * std::sqrt(0.5 / static_cast<double>(va.size()) + 0.5 / static_cast<double>(vb.size()));
        pair.p_tukey = 1 - studentized_range_cdf(std::abs(pair.welch.difference) / error, k, all.df_within);
      }
      p.push_back(pair.welch.p);
      pairs.push_back(std::move(pair));
    }
  }
  const std::vector<double> adjusted = holm(p);
  for (std::size_t i = 0; i < pairs.size(); ++i) pairs[i].p_holm = adjusted[i];
  return pairs;
}

}  // namespace wattline::study
