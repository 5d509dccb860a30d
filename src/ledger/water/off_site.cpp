#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/units.h"
#include "ledger/impacts/mix_file.h"
#include "ledger/water/site_water.h"

namespace wattline::ledger {
namespace {

physics::GenerationMix read_mix(const InputFile& file, const catalog::Catalog& catalog) {
  const auto mixes = read_mixes(file.read(1u << 20), file.name(), catalog);
  if (mixes.size() == 1) return mixes.begin()->second;
  throw bad_input(fmt::format("mixes of {} places found; one is allowed here", mixes.size()), file.name());
}

OffSite of_mix(const physics::GenerationMix& mix, const std::string& basis, const WaterOptions& o,
               const catalog::Catalog& catalog) {
  const auto own = named_numbers(o.power.fuel_water, "fuel-water");
  const auto w = physics::off_site_water(mix, o.power.fuels, o.power.hydro, own, catalog);
  OffSite out;
  out.water = with_spread(w.litres_per_kwh, "water.off_site.spread", basis, catalog);
  out.basis = basis;
  out.factors = w.factors;
  out.factors.push_back(catalog.factor("water.off_site.spread").use());
  out.mix = mix;
  if (w.identified < 0.9)
    out.warnings.push_back(
        fmt::format("{:.0f} % of the generation is of no identified fuel and left out", 100 * (1 - w.identified)));
  if (o.power.fuels == physics::FuelSet::paper && mix.contains("solar") && w.by_fuel.contains("solar") &&
      w.by_fuel.at("solar") > 0.1 * w.litres_per_kwh)
    out.warnings.push_back("the paper's figure of solar power looks like concentrating plants: --fuels pv has cells");
  return out;
}

OffSite of_catalog_mix(const catalog::GenerationRow& row, const WaterOptions& o, const catalog::Catalog& catalog) {
  OffSite out = of_mix(row.by_fuel, fmt::format("generation of {} in {}", row.name, row.year), o, catalog);
  out.factors.insert(out.factors.begin(), row.use());
  return out;
}

}  // namespace

std::optional<OffSite> off_site_of(const WaterOptions& o, const catalog::WaterCountry* country,
                                   const catalog::WaterTables& tables, const catalog::Catalog& catalog) {
  const auto& p = o.power;
  const int ways = p.off_site.has_value() + !p.mix.empty() + p.mix_file.given();
  if (ways > 1)
    throw bad_input("--off-site, --mix and --mix-file say the same thing; one of them is allowed", "off-site");
  if (p.off_site) {
    OffSite out;
    out.water =
        Estimate<WaterIntensity>::with_sd(*p.off_site, WaterIntensity(0), Method::declared, "given with --off-site");
    out.basis = "given";
    out.factors.push_back({"given.off-site", "water used to make electricity, given", to_string(*p.off_site, 6),
                           "given with --off-site", "", ""});
    return out;
  }
  if (p.mix_file.given())
    return of_mix(read_mix(p.mix_file, catalog), "generation in " + p.mix_file.name(), o, catalog);
  if (!p.mix.empty()) {
    if (p.mix.size() == 1 && p.mix[0].find('=') == std::string::npos) {
      if (const auto* row = tables.find_mix(p.mix[0], catalog)) return of_catalog_mix(*row, o, catalog);
      throw Error(ErrorKind::not_found, fmt::format("no generation mix is known for '{}'", p.mix[0]), "mix",
                  "give it as 'hydro=60,gas=40', or as a file with --mix-file");
    }
    return of_mix(named_numbers(p.mix, "mix"), "generation given", o, catalog);
  }
  const bool changed =
      p.fuels != physics::FuelSet::paper || p.hydro != physics::HydroRule::set || !p.fuel_water.empty();
  if (country && !changed) {
    OffSite out;
    out.water = with_spread(country->off_site, "water.off_site.spread", country->source, catalog);
    out.basis = "the dataset's figure for " + country->name;
    out.factors.push_back({"water.off_site." + country->code, "water used to make electricity, " + country->name,
                           format_number(country->off_site, 6) + " L/kWh", country->source,
                           country->from + " to " + country->to, country->licence});
    out.factors.push_back(catalog.factor("water.off_site.spread").use());
    return out;
  }
  if (const auto* row = tables.find_mix(o.site.place, catalog)) {
    OffSite out = of_catalog_mix(*row, o, catalog);
    if (country)
      out.warnings.push_back(
          "the dataset's own generation mix is not public: that of Ember is taken for other figures of fuels");
    return out;
  }
  if (changed && country)
    throw Error(ErrorKind::not_found, "no generation mix is known for " + country->name, "fuels",
                "give it with --mix or --mix-file");
  return std::nullopt;
}

}  // namespace wattline::ledger
