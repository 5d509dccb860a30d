// Tables and figures of `ledger water`; for its files alone. `behind`: PUE * EWIF in L/kWh of the machines.
#pragma once

#include <string>

#include "kernel/result.h"
#include "ledger/water/site_water.h"

namespace wattline::ledger {

Table months_table(const SiteWater&, double behind);
Figure months_figure(const SiteWater&);  // on site: what the electricity takes is the same in all
Table hours_table(const SiteWater&, double behind);
std::string best_times(const SiteWater&, double behind);
Table cooling_table(const SiteWater&, double behind, physics::Cooling chosen);
// The same mix by each set of fuels and rule of hydro.
Table fuel_sets_table(const physics::GenerationMix&, const WaterOptions&, const catalog::Catalog&);

// Countries of --compare beside the site (`here` L/kWh).
void add_comparison(Result&, const WaterOptions&, const catalog::WaterTables&, const physics::CoolingWater&, double pue,
                    double here, const std::string& name, const catalog::Catalog&);
// No place: all countries and the climates.
Result water_overview(const WaterOptions&, const catalog::WaterTables&, const physics::CoolingWater&,
                      const Estimate<Ratio>& pue, const std::optional<FactorUse>& pue_factor, const catalog::Catalog&);

}  // namespace wattline::ledger
