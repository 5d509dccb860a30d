// Two groups: the difference of their means, how sure it is, how large it is, and whether it is small
// enough not to matter. Differences are b - a: a is the reference.
#pragma once

#include <optional>
#include <string>

#include "study/summary.h"

namespace wattline::study {

struct MeanDifference {
  double difference = 0;  // mean of b - mean of a
  double standard_error = 0;
  double df = 0;
  double t = 0;
  double p = 1;  // two-sided
  Interval interval;  // of the difference
  // Why there is no test ("b does not vary"); then t, p and the interval are NaN.
  std::string no_test;
};
// Welch's t with Satterthwaite's degrees of freedom (Welch, Biometrika 34, 1947).
MeanDifference welch(Values a, Values b, double confidence);
// Student's t with pooled variance.
MeanDifference student(Values a, Values b, double confidence);
// t of the differences of pairs; a and b are equally long.
MeanDifference paired(Values a, Values b, double confidence);

// b / a - 1 with Fieller's interval (J. R. Stat. Soc. B 16, 1954) on the degrees of freedom of the
// difference. Nothing when the mean of a is not surely different from 0: then a percentage means nothing.
struct RelativeDifference {
  double value = 0;
  Interval interval;
};
std::optional<RelativeDifference> relative_difference(Values a, Values b, bool pairs, double confidence);

// Standardised difference: Cohen's d with pooled sd, and Hedges' g (the exact small-sample factor), its
// interval from the non-central t (equal variances assumed). Of pairs: the mean difference in sds of
// the differences.
struct EffectSize {
  double d = 0, g = 0;
  Interval interval;  // of g
};
std::optional<EffectSize> effect_size(Values a, Values b, bool pairs, double confidence);
// P(b > a) - P(b < a), in -1 .. 1.
double cliffs_delta(Values a, Values b);

// Two one-sided tests (Schuirmann 1987): is the difference surely within +-margin? p is the larger of
// the two; the means are equivalent when p < alpha, the same as the (1 - 2 alpha) interval inside.
struct Equivalence {
  double margin = 0;
  double p_lower = 1, p_upper = 1;
  double p() const { return p_lower > p_upper ? p_lower : p_upper; }
};
Equivalence equivalence(const MeanDifference&, double margin);

// The difference that n of this spread would find with probability `power` (t approximation of
// Student's power function).
double detectable(const MeanDifference&, double alpha, double power);
// Values a group that find `difference` with probability `power`, two-sided (two groups, or pairs).
std::size_t needed_per_group(double sd, double difference, double alpha, double power, bool pairs);

}  // namespace wattline::study
