// The 95 % interval of a share (Wilson 1927, J. Am. Stat. Assoc. 22:209); 0..1 when nothing was counted.
#pragma once

#include <algorithm>
#include <cmath>

#include "kernel/estimate.h"

namespace wattline::text {

inline Interval proportion_interval(std::size_t counted, std::size_t all) {
  if (all == 0) return {0, 1};
  constexpr double z = 1.959963984540054;
  const auto n = static_cast<double>(all);
  const double p = static_cast<double>(counted) / n, middle = (p + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  return {std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

}  // namespace wattline::text
