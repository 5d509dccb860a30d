// Beta posteriors of success, and how likely each of several is the best.
#pragma once

#include <cmath>
#include <span>

namespace wattline::policy {

struct Beta {
  double a = 1, b = 1;
  double mean() const { return a / (a + b); }
  double sd() const { return std::sqrt(a * b / ((a + b) * (a + b) * (a + b + 1))); }
};

// chances[i] = P(shift[i] + X[i] is the largest), X[i] ~ Beta; 0 where shift[i] is -infinity. Thompson sampling draws
// one X each and takes the largest: its chances are these, by quadrature on points that follow each posterior's mass
// (within 0.007 of sampling). Sums to 1. At most 16 entries; further ones get 0.
void chance_of_best(std::span<const Beta>, std::span<const double> shift, std::span<double> chances);

}  // namespace wattline::policy
