// What electricity is made of: generation by fuel, in any one unit.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace wattline::physics {

using GenerationMix = std::map<std::string, double>;
// Names that a mix may hold: hydro, solar, wind, gas, oil, coal, nuclear, other (geothermal, waves, tides), biofuel
// and unidentified.
const std::vector<std::string>& mix_fuels();
// The sum of all amounts. Error bad_input: an unknown fuel, an amount below zero, or nothing at all.
double checked_total(const GenerationMix&);

}  // namespace wattline::physics
