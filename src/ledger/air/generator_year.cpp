#include <fmt/format.h>

#include "kernel/units.h"
#include "ledger/air/air_parts.h"

namespace wattline::ledger {

double site_tonnes(double megawatts, double utilisation, double pue, double tonnes_per_mwh) {
  return megawatts * utilisation * pue * 8760 * tonnes_per_mwh;
}

double implied_factor(double megatonnes, double gigawatts, double use) {
  return megatonnes * 1e6 / (gigawatts * 1000 * 8760 * use);
}

GeneratorYear generator_year(const AirGeneratorOptions& o, const catalog::Catalog& catalog) {
  GeneratorYear out;
  const physics::GeneratorFactors factors(catalog);
  out.fleet = {o.units, o.rated, o.tier, 0};
  if (o.electrical) {
    const auto& f = catalog.factor("air.generator.efficiency");
    out.fleet.rated = o.rated / f.value;
    out.factors.push_back(f.use());
  }
  if (o.sulphur_ppm) {
    out.fleet.sulphur = *o.sulphur_ppm * 1e-6;
  } else {
    const auto& f = catalog.factor("air.generator.sulphur");
    out.fleet.sulphur = f.value / 100;
    out.factors.push_back(f.use());
  }
  if (o.test_time) {
    out.tests.push_back({o.test_time->in(units::hour), o.test_load, o.tests});
  } else {
    const auto& minutes = catalog.factor("air.test.short_minutes");
    const auto& load = catalog.factor("air.test.short_load");
    const auto& hours = catalog.factor("air.test.long_hours");
    out.tests.push_back({12 * minutes.value / 60, load.value, 12});
    out.tests.push_back({hours.value, 1, 1});
    for (const auto* f : {&minutes, &load, &hours}) out.factors.push_back(f->use());
    out.assumed.push_back(
        fmt::format("tests assumed: {} min a month at {} % load and {} h a year at full load; "
                    "--test-time and --test-load give yours",
                    format_number(minutes.value), format_number(100 * load.value), format_number(hours.value)));
  }
  for (const auto& test : out.tests) {
    const auto g = factors.emitted(out.fleet, test);
    for (std::size_t p = 0; p < physics::pollutants; ++p) out.by_tests[p] += g[p];
    out.test_hours += test.hours;
    if (test.load < 0.5 && test.hours > 0 && (out.assumed.empty() || !out.assumed.back().starts_with("at low")))
      out.assumed.push_back("at low load an engine emits more for each kWh than its factor says: not modelled");
  }
  out.outages = {o.outage_time.in(units::hour), o.outage_load, o.outages};
  out.by_outages = factors.emitted(out.fleet, out.outages);
  const auto& pte = catalog.factor("air.limit.pte_hours");
  out.potential = factors.emitted(out.fleet, {pte.value, 1, 0});
  out.factors.push_back(pte.use());
  for (const auto& f : factors.factors(o.tier, catalog)) out.factors.push_back(f);
  return out;
}

}  // namespace wattline::ledger
