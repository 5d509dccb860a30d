// What the projected carbon hangs on: each assumption moved to the ends of its range with the others at rest
// (tornado), and all of them at once (Sobol indices, study/sobol.h). Ranges are the project.spread rows of the catalog,
// 95 % of a log-normal.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "ledger/project/scenario.h"
#include "study/sobol.h"

namespace wattline::ledger {

// What is multiplied by the moved assumption.
enum class Lever {
  requests,
  output_tokens,
  power,
  slices,
  electricity,
  embodied,
  growth_agents,
  growth_other,
  hardware,
  model_size,
  grid
};
inline constexpr std::size_t levers = 11;
const std::vector<std::string>& lever_names();  // as in the catalog: project.spread.NAME
using LeverValues = std::array<double, levers>;  // all 1: as assumed
LeverValues unmoved();

struct Swing {
  Lever lever{};
  double low_at = 1, high_at = 1;  // where the assumption was put
  double low = 0, high = 0;  // the result there
  double width() const { return high > low ? high - low : low - high; }
};

class Sensitivity {
 public:
  Sensitivity(const catalog::Catalog&, PortfolioModel, DemandTable, Scenario);

  // In the scenario's year; `today` in 2024.
  Footprint future(const LeverValues&) const;
  Footprint today(const LeverValues&) const;
  Interval range(Lever l) const { return ranges_[static_cast<std::size_t>(l)]; }

  // Carbon in kg, widest first.
  std::vector<Swing> tornado() const;
  Swing swing(Lever, Interval range) const;
  study::SobolIndices sobol(std::size_t points, const Context&) const;

 private:
  FamilyFootprints families(const LeverValues&) const;
  Scenario scenario(const LeverValues&) const;

  PortfolioModel model_;
  DemandTable demand_;
  Scenario scenario_;
  std::array<Interval, levers> ranges_{};
};

}  // namespace wattline::ledger
