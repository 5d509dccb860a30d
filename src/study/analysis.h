// Everything that is worked out for one comparison; what is said and shown of it is in `wording.h` and
// `report.h`.
#pragma once

#include <optional>
#include <vector>

#include "kernel/context.h"
#include "study/anova.h"
#include "study/bootstrap.h"
#include "study/grouped.h"
#include "study/pairwise.h"
#include "study/rank.h"
#include "study/two_groups.h"

namespace wattline::study {

struct AnalysisOptions {
  double confidence = 0.95, alpha = 0.05, power = 0.8;
  std::size_t resamples = 10'000;  // 0: no bootstrap
  std::optional<double> margin;  // equivalence, in the unit of the values
};

// Of exactly two groups, the reference first.
struct TwoGroups {
  MeanDifference means;  // Welch, or of pairs
  std::optional<RelativeDifference> relative;
  std::optional<EffectSize> effect;
  RankTest ranks;  // Mann-Whitney, or Wilcoxon's of pairs
  double shift = 0, delta = 0;  // Hodges-Lehmann, Cliff's delta (not of pairs: NaN)
  MeanDifference pooled;  // Student's t; not of pairs
  std::optional<Bootstrap> mean_difference, relative_bootstrap, median_difference;
  std::optional<MeanDifference> without_outliers;
  double detectable = 0;  // NaN without a test
};

struct Analysis {
  Grouped data;
  AnalysisOptions options;
  std::vector<Summary> summaries;
  std::vector<Bootstrap> mean_intervals;  // of each group's mean; empty without bootstrap
  std::size_t resamples = 0;  // done
  Anova spreads;  // Brown-Forsythe
  std::optional<TwoGroups> two;
  // Of three and more:
  std::optional<Anova> classical;
  std::optional<WelchAnova> welch;
  std::optional<RankTest> ranks;
  std::vector<Pair> pairs;
  // Each of the others against the reference, when a margin was given.
  std::vector<Equivalence> equivalences;
  std::vector<std::string> warnings;  // those of the data included

  // The means differ, as far as the main test can tell (Welch; of many groups Welch's ANOVA, the
  // classical one where a group does not vary).
  double main_p() const;
};
Analysis analyse(Grouped, const AnalysisOptions&, const Context&);

}  // namespace wattline::study
