// Return on Environment: what a portfolio avoids elsewhere, by what it costs. Desroches et al. (arXiv 2501.14334) name
// the metric and publish no formula; this one is ours, proposed:
//
//   RoE = attribution * avoided * (1 - rebound) / footprint        footprint: use, training and manufacture
//
// Avoided emissions are those of a named baseline with the same function, and never lower the footprint. Below 1 the
// portfolio costs more than it avoids; above 1 it is not "carbon-negative".
#pragma once

#include <optional>
#include <string>

#include "catalog/catalog.h"
#include "kernel/estimate.h"
#include "kernel/options.h"

namespace wattline::ledger {

enum class Evidence { none, A, B, C, D };

struct ReturnOptions {
  std::optional<Carbon> avoided;  // a year, before attribution and rebound
  std::string baseline, period;
  std::optional<double> attribution, rebound;
  Evidence evidence = Evidence::none;
};
const Fields<ReturnOptions>& return_fields();

struct EnvironmentReturn {
  Estimate<Carbon> net_avoided;
  Estimate<Ratio> ratio;
  double uses = 0;
  // Uses a year from which what they avoid covers what does not grow with them; absent: none does.
  std::optional<double> break_even_uses;
};
// `fixed`: the part of the footprint that does not grow with use (training). Errors: avoided without baseline, period,
// attribution and evidence, for which no default is honest; the others without avoided.
std::optional<EnvironmentReturn> environment_return(const ReturnOptions&, const Estimate<Carbon>& footprint,
                                                    Carbon fixed, double uses, const catalog::Catalog&);

// uses * avoided_per_use = fixed + uses * cost_per_use; absent when a use costs as much as it avoids, or more.
std::optional<double> break_even(double fixed, double avoided_per_use, double cost_per_use);

}  // namespace wattline::ledger
