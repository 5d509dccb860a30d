// Do the means of several groups differ? One-way analysis of variance, classical and Welch's, and
// whether the spreads differ (Levene, Brown-Forsythe).
#pragma once

#include <string>
#include <vector>

#include "study/summary.h"

namespace wattline::study {

struct Anova {
  double between = 0, within = 0;  // sums of squares
  double df_between = 0, df_within = 0;
  double f = 0, p = 1;
  double residual_sd = 0, r_squared = 0;
  // Shares of the variance that the grouping explains: eta^2 as it is in the sample, omega^2 less
  // biased (Hays 1963; not under 0).
  double eta_squared = 0, omega_squared = 0;
  std::string no_test;  // why f and p are NaN
};
Anova anova(const std::vector<Group>&);

// Of means with unequal variances (Welch, Biometrika 38, 1951).
struct WelchAnova {
  double f = 0, df1 = 0, df2 = 0, p = 1;
  std::string no_test;
};
WelchAnova welch_anova(const std::vector<Group>&);

// An analysis of variance of the distances from each group's mean (Levene 1960) or median (Brown and
// Forsythe 1974).
enum class Centre { mean, median };
Anova levene(const std::vector<Group>&, Centre = Centre::median);

}  // namespace wattline::study
