// Intervals without a distribution: values drawn again from the values there are.
#pragma once

#include <functional>
#include <random>
#include <vector>

#include "study/summary.h"

namespace wattline::study {

// A statistic of one or more groups ("difference of medians").
using Statistic = std::function<double(const std::vector<Values>&)>;

struct Bootstrap {
  double value = 0;  // of the data itself
  double standard_error = 0;  // sd over the resamples
  Interval percentile;
  Interval bca;  // bias-corrected and accelerated; the percentile one where undefined
  std::size_t resamples = 0;  // those whose statistic was finite
};
// Each group is resampled within itself. Bias correction and acceleration as in Efron, J. Am. Stat.
// Assoc. 82 (1987); acceleration from the jackknife over all groups. The same generator state gives the
// same intervals. Groups must not be empty. `between` is called now and then (for cancelling).
Bootstrap bootstrap(const std::vector<Values>& groups, const Statistic&, std::size_t resamples, double confidence,
                    std::mt19937_64 random, const std::function<void()>& between = {});

}  // namespace wattline::study
