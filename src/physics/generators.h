// What backup generators emit, by tier and hours. Pure: no input or output.
//
//   M = units * rated power * hours * load * factor          [g], power and work at the shaft
//
// Factors are catalog rows (air.generator.TIER.POLLUTANT, g/kWh): AP-42 table 3.4-1 for engines without
// control, the limits of 40 CFR 60 IIII for tiers; what a tier does not limit is taken from AP-42. Sulphur
// dioxide follows the sulphur of the fuel. The catalyst of Tier 4 does nothing for the first minutes of a
// run (air.scr.cold): then the nitrogen oxides are those of Tier 2.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "kernel/quantity.h"

namespace wattline::physics {

enum class Tier { uncontrolled, controlled, tier2, tier4 };
const std::vector<std::string>& tier_names();

enum class Pollutant { co2, nox, pm, co, so2, voc };
inline constexpr std::size_t pollutants = 6;
const std::vector<std::string>& pollutant_names();

using Grams = std::array<double, pollutants>;  // by Pollutant

struct GeneratorFleet {
  double units = 0;
  Power rated{0};  // of one, at the shaft
  Tier tier = Tier::tier2;
  double sulphur = 0;  // share of the fuel's mass
};
// What each unit does in a year (or any other time).
struct GeneratorRun {
  double hours = 0, load = 1, starts = 0;
};

class GeneratorFactors {
 public:
  explicit GeneratorFactors(const catalog::Catalog&);

  double grams_per_kwh(Tier, Pollutant, double sulphur) const;
  Grams emitted(const GeneratorFleet&, const GeneratorRun&) const;
  // The rows behind a tier.
  std::vector<FactorUse> factors(Tier, const catalog::Catalog&) const;

 private:
  struct Row {
    double value = 0;
    std::string id;
  };
  std::array<std::array<Row, pollutants>, 4> rows_;
  double cold_hours_ = 0;
};

}  // namespace wattline::physics
