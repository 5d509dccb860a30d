// The members of the family of selection algorithms, and what they share.
#pragma once

#include <cmath>
#include <span>

#include "policy/selection.h"

namespace wattline::policy {

Algorithm static_algorithm();
Algorithm weighted_algorithm();
Algorithm multi_factor_algorithm();
Algorithm latency_aware_algorithm();
Algorithm cheapest_adequate_algorithm();
Algorithm cascade_algorithm();
Algorithm adaptive_algorithm();
Algorithm thompson_algorithm();
Algorithm linucb_algorithm();
Algorithm elo_algorithm();
Algorithm bradley_terry_algorithm();
Algorithm conservative_q_algorithm();
Algorithm by_length_algorithm();
Algorithm session_aware_algorithm();
Algorithm cache_affinity_algorithm();

inline bool known(double x) { return !std::isnan(x); }

// Of the able candidates the one with the highest score, the first among equals; -1 when none is able.
int best_of(std::span<const Prediction>, std::span<const double> scores);
// All chance to one candidate; -1 to none.
void certain(int candidate, std::span<double> chances);
// Takes `share` of the chances away and gives it to the able candidates alike, so that each is tried.
void mix_uniform(double share, std::span<const Prediction>, std::span<double> chances);

// How the factors of a cost are weighed: {"energy": 1} is joules; {"money": 1, "latency": 0.001} USD, each second at
// 0.1 cent. A cost with an unknown part is unknown. The energy of a switch is counted, in J and in the g it makes.
struct Objective {
  double energy = 1, carbon = 0, money = 0, latency = 0;
  double cost(const Prediction&) const;
};
class Parameters;
// The setting "minimise": a name ("energy", "carbon", "money", "latency") or an object of weights.
Objective read_objective(Parameters&);

// The algorithm that a wrapper wraps: setting `key` is a name, or an object with "type" and settings.
std::unique_ptr<Selector> read_inner(Parameters&, std::string_view key, std::string_view fallback);

}  // namespace wattline::policy
