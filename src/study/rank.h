// Tests on ranks: support where values are far from normal. They ask whether one group tends to have
// larger values, not whether means differ.
#pragma once

#include <string>
#include <vector>

#include "study/summary.h"

namespace wattline::study {

struct RankTest {
  double statistic = 0;  // U of b, H, or W+
  double p = 1;  // two-sided
  bool exact = false;  // otherwise a normal or chi-squared form with ties corrected
  bool ties = false;
  std::string no_test;
};
// U counts pairs with b > a (ties half). Exact for at most 20 a group without ties (Mann and Whitney
// 1947), otherwise normal with continuity and tie correction.
RankTest mann_whitney(Values a, Values b);
// H with tie correction, chi-squared (Kruskal and Wallis 1952).
RankTest kruskal_wallis(const std::vector<Group>&);
// Of pairs, b - a; zero differences are left out (Wilcoxon 1945). Exact up to 25 without ties.
RankTest wilcoxon_signed_rank(Values a, Values b);
// The median of all differences b - a: the shift between the groups (Hodges and Lehmann 1963). Of pairs:
// the median of the Walsh averages of the differences. NaN above 10^7 differences.
double hodges_lehmann(Values a, Values b, bool pairs);

// Ranks from 1, ties sharing their mean; `tie_sum` gets the sum of t^3 - t over ties.
std::vector<double> ranks(Values, double* tie_sum = nullptr);

}  // namespace wattline::study
