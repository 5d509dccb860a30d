// What becomes of an efficiency gain when use grows with it. The taxonomy is that of A. S. Luccioni, E. Strubell,
// K. Crawford, "From Efficiency Gains to Rebound Effects" (FAccT 2025, arXiv 2501.16548), which gives no formula; the
// model is the textbook one of constant elasticity, proposed here:
//
//   price after / before   p = k^(-sigma)            k: efficiency gain, sigma: share of the price that energy sets
//   use after / before     p^(-epsilon) = k^(sigma epsilon)
//   E1 / E0                k^(sigma epsilon - 1) * exp(eta g)      eta: elasticity by income, g: growth (log)
//   rebound                R = 1 - actual saving / expected saving  (direct: (k^(sigma epsilon) - 1) / (k - 1))
//
// R above 1 is backfire: more energy than before. Nothing is clipped. All arguments are plain ratios.
#pragma once

#include <optional>

namespace wattline::ledger {

struct ReboundCase {
  double gain = 2;  // k, above 1
  double share = 1;  // sigma, 0 to 1
  double elasticity = 0.5;  // epsilon, 0 or more
  double income_elasticity = 0, growth = 0;
};

double use_ratio(const ReboundCase&);  // k^(sigma epsilon), without what growth induces
double energy_ratio(const ReboundCase&);  // E1 / E0
double expected_saving(const ReboundCase&);  // 1 - 1/k
double direct_rebound(const ReboundCase&);
double induced_rebound(const ReboundCase&);  // what growth adds
double total_rebound(const ReboundCase&);  // direct and induced: 1 - (1 - E1/E0) / (1 - 1/k)

// The elasticity at which nothing is saved; absent where sigma is 0. Below 0: growth alone eats the saving.
std::optional<double> break_even_elasticity(const ReboundCase&);
// The elasticity that would alone explain how work and energy changed (work after/before, energy after/before).
// Absent where efficiency did not rise or sigma is 0.
std::optional<double> implied_elasticity(double work, double energy, double share);

// Money spared is spent elsewhere: rebound by it as a share of the expected saving of carbon.
struct IndirectCase {
  double cost = 0;  // USD a period, before
  double respent = 1;  // share of what is spared
  double grams_per_usd = 0;  // of what it is spent on
  double carbon = 0;  // g a period, before
};
double money_spared(const ReboundCase&, double cost);  // below 0 where use grows faster than its price falls
double indirect_rebound(const ReboundCase&, const IndirectCase&);

}  // namespace wattline::ledger
