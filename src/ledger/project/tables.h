// The tables and figures of `ledger project`. All columns have units; schemas are in docs/formats/portfolio.md.
#pragma once

#include <vector>

#include "kernel/figure.h"
#include "kernel/table.h"
#include "ledger/project/sensitivity.h"

namespace wattline::ledger {

Table inference_table(const PortfolioModel&, const catalog::Catalog&);
Table task_table(const PortfolioModel&, const std::vector<UseCase>&, const DemandTable&);
Table use_case_table(const PortfolioModel&, const std::vector<UseCase>&);
// By the GHG Protocol: what is bought is Scope 3 category 1; of own machines the electricity is Scope 2 and their
// making Scope 3 category 2.
Table scope_table(const Footprint& bought, const Footprint& own);

struct Projected {
  const char* set = "";  // "fitted", "text", "yours"
  Scenario scenario;
  Footprint future;
};
// With indices (base year = 100).
Table scenario_table(const std::vector<Projected>&, const Footprint& today);
// How far they are from the published; only of the paper's own company.
Table deviation_table(const std::vector<Projected>&, const Footprint& today);
Figure path_figure(const std::vector<Projected>&, const FamilyFootprints& today, double pue);
Table agent_table(const Scenario&, const FamilyFootprints& today, double pue);
struct TargetBasis {
  double cut = 0.9, grid = 1, pue = 1;
};
Table target_table(const std::vector<Projected>&, const Footprint& today, const TargetBasis&);
Table tornado_table(const std::vector<Swing>&, double carbon);
Figure tornado_figure(const std::vector<Swing>&, double carbon);
Table sobol_table(const study::SobolIndices&);

}  // namespace wattline::ledger
