// Tables of `ledger air`; for its files alone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernel/result.h"
#include "ledger/air/air_parts.h"

namespace wattline::ledger {

struct AirYear {
  std::optional<double> electricity;  // tCO2e
  std::optional<GeneratorYear> generators;
  std::vector<Activity> activities;
};

std::string air_title(const AirOptions&, const AirYear&);
Table emissions_table(const AirYear&);
// The hours of IIII and the limits given, with a verdict.
void add_checks(Result&, const AirOptions&, const GeneratorYear&, const catalog::Catalog&);
// Each measure alone, and all together.
void add_measures(Result&, const AirOptions&, const AirYear&, double pue, const catalog::Catalog&);

}  // namespace wattline::ledger
