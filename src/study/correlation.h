// How two columns of values go together. Pairs with a value that is not finite are left out.
#pragma once

#include <string>

#include "study/summary.h"

namespace wattline::study {

struct Correlation {
  double r = 0;  // NaN when a column does not vary or there are fewer than 3 pairs
  double p = 1;  // two-sided, of t = r sqrt((n-2) / (1-r^2)) with n-2 degrees of freedom
  std::size_t n = 0;  // pairs used
};
Correlation pearson(Values x, Values y);
// Pearson of the ranks, ties sharing their mean (Spearman 1904).
Correlation spearman(Values x, Values y);

// The least-squares line y = intercept + slope * x.
struct LineFit {
  double slope = 0, intercept = 0, slope_error = 0;
  double t = 0, p = 1;  // of the slope against 0, two-sided; NaN for fewer than 3 pairs
  std::size_t n = 0;
};
LineFit line_fit(Values x, Values y);

// 95 % interval of a share (Wilson, J. Am. Stat. Assoc. 22 (1927) 209); 0..1 when nothing was counted.
Interval wilson(std::size_t counted, std::size_t all);

}  // namespace wattline::study
