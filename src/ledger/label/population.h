// What a whole table of models says: how many report, what they report, what goes with what.
#pragma once

#include <string>
#include <vector>

#include "kernel/context.h"
#include "kernel/result.h"
#include "ledger/label/entry.h"
#include "ledger/label/rating.h"

namespace wattline::ledger {

struct Doubt {
  std::string model, what;
  std::size_t row = 0;
};
// Zero emissions, and emissions that the stated hardware cannot have made: device-hours implied at the design power
// and this grid, outside what is plausible. `on_unknown`: hardware that the catalog does not know is no doubt.
std::vector<Doubt> doubts_of(const ModelEntry&, const catalog::Catalog&, CarbonIntensity grid);

struct PopulationOptions {
  std::string since;  // month of the trend's begin, "2021-10"
};
// Adds the tables ledger.label.groups.v1, .tests.v1, .months.v1 and the trend.
void add_population(Result&, const std::vector<ModelEntry>&, const PopulationOptions&);

// Share of models whose label stays the same when the population is drawn again (bootstrap, as many resamples).
double label_stability(const std::vector<ModelEntry>&, const LabelScale& paper, Convention, std::size_t resamples,
                       Context&);

}  // namespace wattline::ledger
