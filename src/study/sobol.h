// How much of an output's variance each input carries: Sobol indices by Saltelli's sampling (A. Saltelli et al.,
// Computer Physics Communications 181 (2010) 259), first order by Saltelli's and total by Jansen's estimator.
//
// Points are a Sobol sequence shifted by the seed, so the same seed gives the same figures. Inputs are independent and
// come as numbers in (0, 1): the function maps them to its own distributions. Intervals are 95 %, by bootstrap over the
// points. An output that does not vary has indices of 0.
#pragma once

#include <cstddef>
#include <functional>
#include <random>
#include <span>
#include <vector>

#include "kernel/context.h"
#include "kernel/estimate.h"

namespace wattline::study {

struct SobolIndex {
  double first = 0, total = 0;
  Interval first_interval, total_interval;
};
struct SobolIndices {
  std::vector<SobolIndex> of;  // one per input
  double mean = 0, variance = 0;
  std::vector<double> outputs;  // of the 2 * points independent samples, sorted
};

// (inputs + 2) * points evaluations. Error bad_input for no inputs, over 500, or under 8 points.
SobolIndices sobol_indices(std::size_t inputs, std::size_t points,
                           const std::function<double(std::span<const double>)>& output, const Context&);

// The value below which the share `p` of sorted numbers lies, interpolated.
double sorted_quantile(std::span<const double> sorted, double p);

}  // namespace wattline::study
