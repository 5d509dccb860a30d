// Primary energy behind electricity, by its generation mix and a convention of counting. Pure: no input or output.
//
//   total = sum over fuels of share / efficiency           [energy per energy of electricity, at the power plant]
//
// What burns (coal, gas, oil, biofuel) is counted by the efficiency of plants of its kind in every convention. For
// the rest there is no natural measure, and conventions differ:
//   physical      physical energy content (IEA, Eurostat): the first form that is used. Heat of a reactor at 33 %, of
//                 the earth at 10 %; electricity itself for water, wind and sun
//   direct        direct equivalent (IPCC SRREN 2011, annex II): electricity itself for all that does not burn
//   substitution  what power plants that burn would have needed instead (BP's Statistical Review until 2024)
// Factors are catalog rows primary.*; those of a convention are exact by definition, efficiencies have an interval.
// Losses of the grid and the energy of mining and making plants are not in it.
#pragma once

#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "kernel/estimate.h"
#include "physics/generation_mix.h"

namespace wattline::physics {

enum class PrimaryConvention { physical, direct, substitution };
const std::vector<std::string>& primary_convention_names();

struct PrimaryEnergy {
  // Per energy of electricity; total is the sum of the other three.
  Estimate<Ratio> fossil, nuclear, renewable, total;
  double identified = 0;  // share of the generation that is of a known fuel: the factor is of that
  std::vector<FactorUse> factors;
};
// Error bad_input: as checked_total, or nothing identified.
PrimaryEnergy primary_energy(const GenerationMix&, PrimaryConvention, const catalog::Catalog&);

}  // namespace wattline::physics
