#include "ledger/air/air.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "catalog/place_options.h"
#include "kernel/error.h"
#include "kernel/units.h"
#include "ledger/air/air_parts.h"
#include "ledger/air/air_report.h"
#include "ledger/green_resolve.h"

namespace wattline::ledger {
namespace {

using physics::Pollutant;

// Carbon and PUE of the place; water is no part of this.
catalog::Grid grid_of(const AirSiteOptions& o, const catalog::Catalog& catalog) {
  catalog::PlaceOptions p;
  p.place = o.place;
  p.intensity = o.intensity;
  p.pue = o.pue;
  p.water_intensity = WaterIntensity(0);
  p.wue = WaterIntensity(0);
  auto grid = catalog::resolve(p, catalog);
  std::erase_if(grid.factors,
                [](const FactorUse& f) { return f.id == "given.water-intensity" || f.id == "given.wue"; });
  return grid;
}

void add_generator_estimates(Result& out, const GeneratorYear& year, const catalog::Catalog& catalog) {
  const auto& spread = catalog.factor("air.generator.spread");
  const auto& carbon = catalog.factor("air.generator.co2_spread");
  const auto grams = [&](Pollutant p) {
    const auto i = static_cast<std::size_t>(p);
    return year.by_tests[i] + year.by_outages[i];
  };
  const auto mass = [&](const char* name, const char* label, Pollutant p, const char* note) {
    out.estimate(name, label, within_factor(Mass(grams(p)), spread.value, spread.id, "generators"), "t", note);
  };
  mass("nox", "Nitrogen oxides", Pollutant::nox, "a year, of generators: tests and outages");
  mass("pm", "Particulate matter", Pollutant::pm, "");
  mass("co", "Carbon monoxide", Pollutant::co, "");
  mass("so2", "Sulphur dioxide", Pollutant::so2, "follows the sulphur in the fuel");
  mass("voc", "Organic compounds", Pollutant::voc, "");
  out.estimate("co2_generators", "CO2 of generators",
               within_factor(Carbon(grams(Pollutant::co2)), carbon.value, carbon.id, "generators"), "tCO2e");
  out.use(spread.use());
  out.use(carbon.use());
}

// A bad year: outages come by chance (Poisson) and last by chance (exponential).
void add_bad_year(Result& out, const AirOptions& o, const GeneratorYear& year, Context& context,
                  const catalog::Catalog& catalog) {
  if (!(o.generators.outages > 0) || !(year.outages.hours > 0)) return;
  const physics::GeneratorFactors factors(catalog);
  auto random = context.random("outages");
  std::poisson_distribution<int> number(o.generators.outages);
  std::exponential_distribution<double> hours(o.generators.outages / year.outages.hours);
  constexpr std::size_t draws = 4000;
  std::vector<double> nox, time;
  for (std::size_t i = 0; i < draws; ++i) {
    physics::GeneratorRun run{0, o.generators.outage_load, 0};
    const int n = number(random);
    for (int k = 0; k < n; ++k) run.hours += hours(random);
    run.starts = n;
    nox.push_back((factors.emitted(year.fleet, run)[static_cast<std::size_t>(Pollutant::nox)] +
                   year.by_tests[static_cast<std::size_t>(Pollutant::nox)]) /
                  1e6);
    time.push_back(run.hours);
  }
  std::sort(nox.begin(), nox.end());
  std::sort(time.begin(), time.end());
  const auto at = draws * 95 / 100;
  out.note(
      fmt::format("One year in twenty has outages of {} h or more, and {} t of nitrogen oxides or more with its "
                  "tests (outages by chance, {} of {} h in the mean).",
                  format_number(time[at], 3), format_number(nox[at], 3), format_number(o.generators.outages),
                  format_number(year.outages.hours / o.generators.outages, 3)));
}

}  // namespace

Result air(const AirOptions& o, Context& context) {
  const auto& catalog = context.get<catalog::Catalog>();
  const bool region = !o.region.load.empty() || !o.region.claimed.empty() || !o.region.reduction.empty();
  if (!o.site.power && !(o.generators.units > 0) && !o.site.activities.given() && !region)
    throw bad_input("nothing to reckon", "power",
                    "give the --power of the machines, --generators, --activities, or --region-load");
  const auto grid = grid_of(o.site, catalog);
  const double factor = grid.carbon_intensity.value().in(units::gCO2e_per_kWh) / 1000;  // t/MWh
  Result out;
  AirYear year;
  if (o.site.power) {
    const auto energy = Estimate<Energy>::exact(*o.site.power * (8760 * units::hour) * o.site.utilisation) * grid.pue;
    const auto carbon = energy * grid.carbon_intensity;
    year.electricity = carbon.value().in(units::tCO2e);
    out.estimate("energy", "Electricity", energy, "MWh",
                 fmt::format("a year of 8,760 h at {} % use, PUE {}", format_number(100 * o.site.utilisation),
                             format_number(grid.pue.value())));
    out.estimate("co2", "CO2 of electricity", carbon, "tCO2e",
                 fmt::format("location-based, {} t/MWh", format_number(factor)));
    if (o.site.market_intensity)
      out.estimate("co2_market", "  market-based",
                   energy * Estimate<CarbonIntensity>::with_sd(*o.site.market_intensity, CarbonIntensity(0),
                                                               Method::declared, "given with --market-intensity"),
                   "tCO2e", "by contracts, beside the location-based figure and never instead of it");
  }
  if (o.generators.units > 0) {
    year.generators = generator_year(o.generators, catalog);
    add_generator_estimates(out, *year.generators, catalog);
  }
  if (o.site.activities.given())
    year.activities = read_activities(o.site.activities.read(16u << 20), o.site.activities.name());

  if (o.site.power || year.generators || !year.activities.empty()) {
    out.title = air_title(o, year);
    out.add(emissions_table(year));
    if (year.generators) {
      add_checks(out, o, *year.generators, catalog);
      add_bad_year(out, o, *year.generators, context, catalog);
      for (const auto& f : year.generators->factors) out.use(f);
      for (const auto& w : year.generators->assumed) out.warn(w);
    }
    add_measures(out, o, year, grid.pue.value(), catalog);
  } else {
    out.title = "Growth of a region";
  }
  if (o.plume.height > 0) {
    if (!year.generators) throw bad_input("a plume needs generators", "stack-height", "give --generators");
    add_plume(out, o, *year.generators, catalog);
  }
  if (region) add_region(out, o, factor, o.site.intensity ? "the grid as given" : grid.place);
  for (const auto& f : grid.factors)
    if (o.site.power || !f.id.starts_with("pue")) out.use(f);
  if (o.site.power || region)
    for (const auto& w : grid.warnings) out.warn(w);
  if (!o.site.pue && o.site.power) out.warn("PUE is not given: that of an unknown site is taken");
  return out;
}

const Fields<AirOptions>& air_fields() {
  using S = AirSiteOptions;
  using G = AirGeneratorOptions;
  using P = AirPermitOptions;
  using L = AirPlumeOptions;
  using M = AirMeasureOptions;
  using R = AirRegionOptions;
  static const Fields<S> site =
      Fields<S>()
          .quantity("power", &S::power, "MW", "power of the machines at full use")
          .range(0, 1e6)
          .number("utilisation", &S::utilisation, "mean use of that power, 0 to 1")
          .range(0, 1)
          .number("pue", &S::pue, "power usage effectiveness")
          .range(1, 10)
          .reference("place", &S::place, "places", "country or region of the grid; none: the world average, flagged")
          .quantity("intensity", &S::intensity, "gCO2e/kWh", "carbon intensity of the grid, instead of the place's")
          .range(0, 5000)
          .quantity("market-intensity", &S::market_intensity, "gCO2e/kWh", "that of your contracts, shown beside")
          .range(0, 5000)
          .file("activities", &S::activities,
                "CSV of construction, embodied, commuting, refrigerants (docs/formats/air.md)");
  static const Fields<G> generators =
      Fields<G>()
          .number("generators", &G::units, "how many backup generators")
          .range(0, 10000)
          .quantity("generator-power", &G::rated, "MW", "rated power of one, at the shaft")
          .range(0, 1000)
          .flag("electrical", &G::electrical, "the rating is of the electricity, not of the shaft")
          .enumeration("tier", &G::tier, physics::tier_names(),
                       "engines without control, with retarded ignition, or of US tier 2 or 4 final")
          .number("sulphur", &G::sulphur_ppm, "sulphur in the fuel, parts per million of mass; none: 15")
          .range(0, 50000)
          .quantity("test-time", &G::test_time, "h", "tests and maintenance of each in a year; none: a programme")
          .range(0, 8760)
          .number("test-load", &G::test_load, "load in these tests, 0 to 1")
          .range(0, 1.1)
          .number("tests", &G::tests, "how many starts these tests are")
          .range(0, 10000)
          .quantity("outage-time", &G::outage_time, "h", "running through outages in a year, each (SAIDI)")
          .range(0, 8760)
          .number("outage-load", &G::outage_load, "load in outages, 0 to 1")
          .range(0, 1.1)
          .number("outages", &G::outages, "how many outages a year in the mean (SAIFI)")
          .range(0, 1000);
  static const Fields<P> permit =
      Fields<P>()
          .quantity("permit-nox", &P::nox, "t", "limit of a year; short tons are written '12 ston'")
          .at_least(0)
          .quantity("permit-co", &P::co, "t", "limit of a year")
          .at_least(0)
          .quantity("permit-pm", &P::pm, "t", "limit of a year")
          .at_least(0)
          .quantity("permit-so2", &P::so2, "t", "limit of a year")
          .at_least(0)
          .quantity("permit-voc", &P::voc, "t", "limit of a year")
          .at_least(0)
          .quantity("permit-hours", &P::hours, "h", "limit of all running of a generator in a year")
          .at_least(0);
  static const Fields<L> plume =
      Fields<L>()
          .number("stack-height", &L::height, "of the exhaust in metres; 0: no plume is reckoned")
          .range(0, 300)
          .number("running", &L::running, "generators that run at once")
          .range(0.001, 10000)
          .number("wind", &L::wind, "at the height of the stack, m/s")
          .range(0.5, 50)
          .text("stability", &L::stability, "class of the air, A (very unstable) to F (stable)")
          .enumeration("terrain", &L::terrain, {"rural", "urban"}, "open country or town")
          .number("ozone", &L::ozone, "in the air, ug/m3: forms nitrogen dioxide as far as it goes")
          .range(0, 1000);
  static const Fields<M> measures =
      Fields<M>()
          .number("to-pue", &M::to_pue, "measure: the PUE falls to this")
          .range(1, 10)
          .number("renewables", &M::renewables, "measure: this share of the electricity is matched hour by hour")
          .range(0, 1)
          .number("demand", &M::demand, "measure: this share of the demand is not there")
          .range(0, 1)
          .text("to-tier", &M::to_tier, "measure: the generators become tier2 or tier4")
          .file("measures", &M::file, "CSV of further measures with their effects and costs (docs/formats/air.md)");
  static const Fields<R> region =
      Fields<R>()
          .list("region-load", &R::load, "GW of all data centres, by scenario: 39,78")
          .list("region-claimed", &R::claimed, "Mt a year that somebody claims for each: the factor implied is shown")
          .list("region-reduction", &R::reduction, "% of reduction to put in Mt: 50,80")
          .number("region-use", &R::use, "mean use of that load, 0 to 1")
          .range(0.01, 1)
          .number("region-decline", &R::decline, "by how much the grid's factor falls till then, 0 to 1")
          .range(0, 1)
          .integer("region-years", &R::years, "in how many years")
          .range(1, 100);
  static const Fields<AirOptions> fields = Fields<AirOptions>()
                                               .group(&AirOptions::site, site, "Site")
                                               .group(&AirOptions::generators, generators, "Generators")
                                               .group(&AirOptions::permit, permit, "Permit")
                                               .group(&AirOptions::plume, plume, "Plume")
                                               .group(&AirOptions::measures, measures, "Measures")
                                               .group(&AirOptions::region, region, "Region");
  return fields;
}

Capability air_capability() {
  Capability c = capability<AirOptions>(
      "ledger", "air", "What a data centre puts into the air: carbon dioxide, and its generators.", &air, air_fields());
  c.description =
      "A year of a site: carbon dioxide of its electricity (power * use * PUE * 8,760 h * factor), and nitrogen "
      "oxides, "
      "particles, carbon monoxide, sulphur dioxide, organic compounds and carbon dioxide of its backup generators from "
      "units * power at the shaft * hours * load * factor, with AP-42 table 3.4-1 for engines without control and the "
      "limits of US tiers 2 and 4. Tests and outages apart; checked against the 100 hours of 40 CFR 60 IIII and "
      "against limits that you give. Construction, embodied, commuting and refrigerants come from your own table: "
      "there are no public figures. Measures act one after the other (multiplied, never added). The plume is a "
      "screening (Gauss, Briggs' curves). A region's growth shows which factor a claim implies. After Air Quality and "
      "Greenhouse Gas Emissions Assessment of Data Centers in Texas (2025), whose method is not public: what its "
      "abstract does not say is our proposal and says so. Carbon dioxide and local pollutants are never added; t is "
      "the metric ton, short tons stand beside.";
  c.verb = Verb::account;
  c.papers = {24};
  c.emits = {"air.emissions.v1", "air.checks.v1",      "air.measures.v1",      "air.plume.v1",
             "air.region.v1",    "air.region.path.v1", "air.region.avoided.v1"};
  const std::string activities =
      "part,what,amount,pollutant,factor_kg,years\nconstruction,concrete (m3),12000,co2,300,20\n"
      "commuting,car km,900000,co2,0.17,1\ncommuting,car km,900000,nox,0.0003,1\n";
  c.examples = {
      {{"--power", "10 MW", "--pue", "1", "--intensity", "430 gCO2e/kWh"}, {}, "37,668"},
      {{"--generators", "40", "--generator-power", "2 MW", "--test-time", "24 h", "--permit-nox", "15 ston",
        "--stack-height", "10", "--to-tier", "tier4"},
       {},
       "12.29"},
      {{"--power", "30 MW", "--utilisation", "0.6", "--pue", "1.3", "--place", "US", "--activities", "site.csv",
        "--to-pue", "1.15", "--renewables", "0.5"},
       {{"site.csv", activities}},
       "together"},
      {{"--region-load", "39,78", "--region-claimed", "170,205", "--intensity", "430", "--region-reduction", "50,80"},
       {},
       "0.498"}};
  return c;
}

}  // namespace wattline::ledger
