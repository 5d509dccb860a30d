#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/units.h"
#include "ledger/air/air_parts.h"

namespace wattline::ledger {

using physics::Pollutant;

void add_plume(Result& out, const AirOptions& o, const GeneratorYear& year, const catalog::Catalog& catalog) {
  if (o.plume.stability.size() != 1)
    throw bad_input(fmt::format("'{}' found; A (very unstable) to F (stable) is allowed", o.plume.stability),
                    "stability");
  if (o.plume.running > o.generators.units)
    throw bad_input(fmt::format("{} of {} generators cannot run at once", o.plume.running, o.generators.units),
                    "running");
  const physics::Plume plume(catalog, o.plume.terrain, o.plume.stability[0]);
  const physics::GeneratorFactors factors(catalog);
  const auto& share = catalog.factor("air.plume.no2_share");
  const auto& limit = catalog.factor("air.limit.no2_hour");
  // A cold catalyst does nothing, and a test begins cold: the hour of a start is that of Tier 2.
  const physics::Tier tier = o.generators.tier == physics::Tier::tier4 ? physics::Tier::tier2 : o.generators.tier;
  const double load = year.tests.empty() ? 1 : year.tests.back().load;
  const double rate =
      o.plume.running * year.fleet.rated.in(units::kW)*load * factors.grams_per_kwh(tier, Pollutant::nox, 0) / 3600;
  Table t("air.plume.v1");
  t.title = "The plume on the ground under its axis";
  t.caption = fmt::format("ug/m3 over an hour of steady wind; running: {}, at {} % load, {} g/s of nitrogen oxides",
                          format_number(o.plume.running), format_number(100 * load), format_number(rate, 3));
  t.number("distance", "", "m").number("nox", "", "ug/m3").number("no2", "", "ug/m3").number("of_limit", "%");
  Figure f;
  f.title = "Nitrogen oxides on the ground";
  f.x = {"distance (m)", "", true};
  f.y = {"ug/m3", ""};
  Figure::Trace trace;
  trace.name = "NOx";
  for (const double x : {25.0, 50.0, 100.0, 200.0, 300.0, 500.0, 1000.0, 2000.0, 5000.0, 10000.0}) {
    const double nox = 1e6 * plume.concentration(rate, o.plume.wind, o.plume.height, x, 0, 0);
    const double no2 = physics::nitrogen_dioxide(nox, share.value, o.plume.ozone);
    t.add_row({x, nox, no2, 100 * no2 / limit.value});
    trace.x.push_back(x);
    trace.y.push_back(nox);
  }
  f.traces.push_back(std::move(trace));
  const auto best = plume.highest(rate, o.plume.wind, o.plume.height);
  const double no2 = physics::nitrogen_dioxide(best.micrograms_per_m3, share.value, o.plume.ozone);
  out.add(std::move(t)).add(std::move(f));
  out.note(
      fmt::format("Highest at {} m: {} ug/m3 of nitrogen oxides, {} of them nitrogen dioxide ({} % of the US "
                  "standard of an hour, {} ug/m3, before what is in the air already).",
                  format_number(best.metres, 3), format_number(best.micrograms_per_m3, 3), format_number(no2, 3),
                  format_number(100 * no2 / limit.value, 3), format_number(limit.value)));
  out.warn(
      fmt::format("the plume is a screening: flat ground, no rise of the hot gas, no building in its wind, "
                  "nitrogen dioxide {}; a permit needs a dispersion model",
                  o.plume.ozone > 0 ? "limited by the ozone given" : "only as emitted (--ozone has it formed)"));
  out.use(plume.factor);
  out.use(share.use());
  out.use(limit.use());
}

}  // namespace wattline::ledger
