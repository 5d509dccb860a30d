// From options to numbers: which row of which data version each input became, and how sure it is.
#pragma once

#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/green_algorithms.h"
#include "kernel/estimate.h"
#include "ledger/green_algorithms.h"

namespace wattline::ledger {

struct ResolvedInput {
  std::string name;
  double value = 0;
  std::string unit, source;
};

struct GreenResolved {
  GreenJob job;
  std::string place;  // code
  std::vector<ResolvedInput> inputs;
  std::vector<FactorUse> factors;
  std::vector<std::string> warnings;
  // The same figures with their spreads; products of these agree with the formula to rounding.
  Estimate<Power> core_power, gpu_power, memory_power;
  Estimate<Ratio> pue;
  Estimate<CarbonIntensity> intensity;

  Estimate<Energy> energy() const;
  Estimate<Carbon> carbon() const { return energy() * intensity; }
};

// `names` (may be null) knows more spellings of places than the calculator's tables.
GreenResolved resolve_green(const GreenAlgorithmsOptions&, const catalog::GreenAlgorithms&,
                            const catalog::Catalog* names);

// A row of the place table by code, name, region of a cloud provider, or any spelling `names` knows.
catalog::GreenMatch<catalog::GreenPlace> find_green_place(std::string_view, const catalog::GreenAlgorithms&,
                                                          const catalog::Catalog* names);

// A value right to a factor `times` either way (95 %), log-normal, its error shared through `factor_id`.
template <class Q>
Estimate<Q> within_factor(Q value, double times, const std::string& factor_id, const std::string& source) {
  const double sigma = std::log(times) / 1.959963984540054;
  const double relative_sd = std::sqrt(std::expm1(sigma * sigma));
  return Estimate<Q>::with_sd(value, value * relative_sd, Method::modelled, source).from_factor(factor_id);
}

}  // namespace wattline::ledger
