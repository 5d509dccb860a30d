// What a group of values looks like. Sums are taken about a value of the group and in two passes, so
// that spreads survive many constant leading digits (mean 1e12, spread 0.1).
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernel/estimate.h"

namespace wattline::study {

using Values = std::span<const double>;

struct Group {
  std::string name;
  std::vector<double> values;  // finite
};

struct Moments {
  std::size_t n = 0;
  double mean = 0;
  double squares = 0;  // sum of squared deviations from the mean
  // Of the sample (n - 1); NaN for n < 2.
  double variance() const;
  double sd() const;
  double standard_error() const;
};
Moments moments(Values);

// Linear between order statistics (Hyndman and Fan 1996, type 7).
double quantile(Values sorted, double p);
double median(Values);
std::vector<double> sorted(Values);

struct Summary {
  Moments m;
  Interval mean_interval;  // t interval at the given confidence; NaN for n < 2
  double median = 0, q1 = 0, q3 = 0, least = 0, greatest = 0;
  double mad = 0;  // median absolute deviation, times 1.4826
  std::optional<double> geometric_mean;  // of positive values
  std::optional<double> cv;  // sd / mean, of positive values
  std::size_t outliers = 0;  // farther than 3 mad from the median: told, never removed
};
Summary summarise(Values, double confidence);

// Lag-1 autocorrelation of the values in their order; NaN for n < 3 or values that do not vary.
double lag_one_autocorrelation(Values);

}  // namespace wattline::study
