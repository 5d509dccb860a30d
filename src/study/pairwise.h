// Which groups differ from which: every pair, with p-values that allow for there being many pairs.
#pragma once

#include <vector>

#include "study/two_groups.h"

namespace wattline::study {

// Adjusted p-values in the order given; NaN stays NaN and does not count.
std::vector<double> holm(const std::vector<double>& p);  // family-wise (Holm 1979)
std::vector<double> benjamini_hochberg(const std::vector<double>& p);  // false discovery rate (1995)

struct Pair {
  std::size_t a = 0, b = 0;  // indices of groups; differences are b - a
  MeanDifference welch;
  double p_holm = 1;  // Welch's p after Holm
  // Games and Howell (J. Educ. Stat. 1, 1976): unequal variances, from the studentized range, with its
  // simultaneous interval. NaN where Welch has no test.
  double p_games_howell = 1;
  Interval interval;
  // Tukey and Kramer: the same with one pooled variance.
  double p_tukey = 1;
  std::optional<EffectSize> effect;
};
// All pairs of up to `most_for_all` groups; of more groups only those with the first.
inline constexpr std::size_t most_for_all = 16;
std::vector<Pair> pairwise(const std::vector<Group>&, double confidence);

}  // namespace wattline::study
