// Whether a predicted probability is one: calibration error, reliability and lower bounds, of outcomes from 0 to 1 (a
// rating may be 0.7). Maps that mend probabilities are in text/calibration.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernel/estimate.h"

namespace wattline::policy {

// One bin of a reliability table.
struct ReliabilityBin {
  double low = 0, high = 0;  // of the predicted probabilities in it
  double predicted = 0, observed = 0;  // means
  Interval interval;  // of `observed`, 95 %, Wilson
  std::size_t n = 0;
};
// Bins of equal numbers of rows. Outcomes are 0 .. 1.
std::vector<ReliabilityBin> reliability(std::span<const double> predicted, std::span<const double> observed,
                                        std::size_t bins = 10);

struct CalibrationError {
  double ece = 0;  // mean |observed - predicted| over the bins, weighed by their rows
  Interval interval;  // 95 %, bootstrap over rows; biased upwards, as resampling adds noise to every bin
  double brier = 0;  // mean squared error
};
CalibrationError calibration_error(std::span<const double> predicted, std::span<const double> observed,
                                   std::size_t bins = 10, std::size_t resamples = 1000, std::uint64_t seed = 1);

// Bounds of a share of `successes` among n (Wilson 1927); {0, 1} for n = 0.
Interval wilson(double successes, double n, double confidence = 0.95);

// Lower bound of the probability of an adequate answer, from rows that were not fitted: the Wilson bound of the share
// of adequate ones among the k calibration rows whose predictions are nearest.
class LowerBound {
 public:
  void fit(std::span<const double> predicted, std::span<const double> observed, std::size_t neighbours = 200,
           double confidence = 0.90);
  double operator()(double p) const;

 private:
  std::vector<double> predicted_, sums_;  // sorted; running sums of the outcomes
  std::size_t neighbours_ = 0;
  double confidence_ = 0;
};

}  // namespace wattline::policy
