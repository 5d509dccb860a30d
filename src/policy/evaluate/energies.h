// What each answer of a recorded workload cost in joules: as recorded, or by its lengths:
// E = prompt tokens . J_in + output tokens . J_out + J_fix (context-aware switching, section 2; method modelled).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/evaluate/workload.h"

namespace wattline::policy {

struct TokenEnergy {
  double per_input = 0, per_output = 0, fixed = 0;  // J a prompt token, J an output token, J a request
};

// "weak=0.1,0.8" or "weak=0.1,0.8,20", one a model; Error(bad_input) for unknown models and numbers below 0.
std::vector<std::optional<TokenEnergy>> parse_energies(const std::vector<std::string>& texts, const Workload&);

struct Energies {
  std::vector<std::vector<double>> joules;  // [model][row]; NaN where the model did not answer
  // Known before the answer is: by the prompt's length and the mean output of the training rows.
  std::vector<std::vector<double>> expected;
  bool known = false;  // false: places in the file's order instead of joules, for choosing alone
  bool recorded = false;  // all as recorded, nothing modelled
  std::vector<double> mean_output;  // tokens, by model
  bool assumed_output = false;  // no lengths recorded: `default_output` was taken
};
Energies energies_of(const Workload&, const Split&, const std::vector<std::optional<TokenEnergy>>&,
                     double default_output);

}  // namespace wattline::policy
