#include "physics/generation_mix.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"

namespace wattline::physics {

const std::vector<std::string>& mix_fuels() {
  static const std::vector<std::string> names = {"hydro", "solar",   "wind",  "gas",     "oil",
                                                 "coal",  "nuclear", "other", "biofuel", "unidentified"};
  return names;
}

double checked_total(const GenerationMix& mix) {
  const auto& known = mix_fuels();
  double all = 0;
  for (const auto& [fuel, amount] : mix) {
    if (std::find(known.begin(), known.end(), fuel) == known.end()) throw unknown_name("fuel", fuel, known);
    if (!(amount >= 0) || !std::isfinite(amount))
      throw bad_input(fmt::format("'{}' of {} in the generation mix: 0 or more is allowed", amount, fuel), "mix");
    all += amount;
  }
  if (!(all > 0) || !std::isfinite(all))
    throw bad_input("the generation mix has no amount of any fuel", "mix",
                    "give for example 'hydro=60,gas=30,solar=10' in any one unit");
  return all;
}

}  // namespace wattline::physics
