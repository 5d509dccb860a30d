#include "ledger/water/water.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "kernel/error.h"
#include "kernel/units.h"
#include "ledger/water/site_water.h"
#include "ledger/water/water_tables.h"

namespace wattline::ledger {
namespace {

using catalog::WaterTables;
using physics::Cooling;

struct Pue {
  Estimate<Ratio> value;
  std::optional<FactorUse> factor;
};
Pue pue_of(const WaterOptions& o, const catalog::Catalog& catalog) {
  if (o.cooling.pue)
    return {Estimate<Ratio>::with_sd(Ratio(*o.cooling.pue), Ratio(0), Method::declared, "given with --pue"),
            FactorUse{"given.pue", "power usage effectiveness, given", format_number(*o.cooling.pue),
                      "given with --pue", "", ""}};
  const auto& f = catalog.factor("pue.default");
  RawEstimate out = f.estimate();
  out.worsen(Method::modelled);
  return {Estimate<Ratio>(out), f.use()};
}

[[noreturn]] void no_data(const std::string& place, const WaterTables& tables, const catalog::Catalog& catalog,
                          bool weather_missing) {
  const auto* mix = tables.find_mix(place, catalog);
  if (!mix && !catalog.find_place(place)) {
    std::vector<std::string> known;
    for (const auto& c : tables.countries()) known.push_back(c.name);
    for (const auto& p : catalog.places()) known.push_back(p.name);
    throw unknown_name("place", place, known).at("place");
  }
  std::vector<std::string> codes;
  for (const auto& c : tables.countries()) codes.push_back(c.code);
  if (weather_missing)
    throw Error(ErrorKind::not_found,
                fmt::format("no data: there is no weather of '{}' here, only of {}", place, fmt::join(codes, " ")),
                "place",
                fmt::format("give its weather with --weather FILE (hourly temperature and humidity, or EPW){}",
                            mix ? fmt::format("; the generation mix of {} is known", mix->name)
                                : ", and its electricity with --mix or --off-site"));
  throw Error(ErrorKind::not_found, fmt::format("no data: the generation mix of '{}' is not known", place), "place",
              "give it with --mix 'hydro=60,gas=40' or --mix-file, or the figure itself with --off-site");
}

const char* label_of(Cooling c) {
  static constexpr const char* labels[] = {"tower, fixed approach", "tower, fixed cold water", "tower, older US model",
                                           "adiabatic", "air"};
  return labels[static_cast<int>(c)];
}

// Litres of an activity whose energy the user states.
void add_activity(Result& out, const char* name, const char* label, Energy energy,
                  const Estimate<WaterIntensity>& total, const std::string& what) {
  out.estimate(name, label, Estimate<Energy>::exact(energy) * total, {},
               fmt::format("at {} Wh of the machines {}, as you state", format_number(energy.in(units::Wh)), what));
}

void add_withdrawal(Result& out, const WaterOptions& o, const SiteWater& site, const Estimate<WaterIntensity>& on_site,
                    const catalog::Catalog& catalog) {
  if (o.cooling.cooling == Cooling::air) return;
  if (o.cooling.cooling != Cooling::adiabatic) {
    const auto& f = catalog.factor("water.cycles");
    const double cycles = o.cooling.cycles.value_or(f.value);
    out.estimate("withdrawal", "Withdrawn on site", on_site * (cycles / (cycles - 1)), "L/kWh",
                 fmt::format("evaporation and blow-down, at {} cycles of concentration{}", format_number(cycles),
                             o.cooling.cycles ? "" : " (assumed)"));
    if (!o.cooling.cycles) out.use(f.use());
  }
  if (o.cooling.leakage || site.country) {
    const double leakage = o.cooling.leakage.value_or(site.country ? site.country->leakage : 0);
    out.estimate("with_leakage", "With leakage of the supply", on_site * (1 / (1 - leakage)), "L/kWh",
                 fmt::format("evaporation by what the municipal network keeps: {} of it leaks",
                             format_number(100 * leakage, 3) + " %"));
  }
}

void add_uses(Result& out, const WaterOptions& o, const Estimate<WaterIntensity>& on_site,
              const Estimate<WaterIntensity>& behind, const Estimate<WaterIntensity>& total) {
  if (o.use.energy) {
    const auto energy = Estimate<Energy>::exact(*o.use.energy);
    const std::string note = fmt::format("of {} of the machines", to_string(*o.use.energy));
    out.estimate("water", "Water", energy * total, {}, note + ", on site and for the electricity");
    out.estimate("water_on_site", "  on site", energy * on_site, {}, "evaporated");
    out.estimate("water_off_site", "  for the electricity", energy * behind, {}, "consumed at power plants");
    if (o.use.scarcity)
      out.estimate("water_scarcity", "Weighted by scarcity", energy * on_site * *o.use.scarcity, {},
                   fmt::format("on site, times {} (given): litres of the world's mean basin, no litres that flow",
                               format_number(*o.use.scarcity)));
  } else if (o.use.scarcity) {
    throw bad_input("a weight of scarcity needs an amount of water", "scarcity", "give --energy");
  }
  if (o.use.report) add_activity(out, "report", "One report", *o.use.report, total, "for it");
  if (o.use.email) add_activity(out, "email", "One e-mail", *o.use.email, total, "for it");
  if (o.use.token)
    add_activity(out, "tokens_1000", "1,000 tokens", *o.use.token * (1000.0 * units::token), total, "for them");
}

}  // namespace

Result water(const WaterOptions& o, Context& context) {
  const auto& catalog = context.get<catalog::Catalog>();
  const auto tables = WaterTables::load(catalog);
  const auto cooling = cooling_of(o.cooling, catalog);
  const Pue pue = pue_of(o, catalog);
  if (o.cooling.leakage && !(*o.cooling.leakage < 1)) throw bad_input("a share below 1 is allowed", "leakage");
  if (o.site.place.empty() && !o.site.weather.given())
    return water_overview(o, *tables, cooling, pue.value, pue.factor, catalog);

  const auto* country = tables->find(o.site.place, catalog);
  if (!o.site.weather.given() && !country) no_data(o.site.place, *tables, catalog, true);
  SiteWater site = o.site.weather.given() ? site_of_file(o, cooling) : site_of_country(*country, o, cooling);
  if (o.site.weather.given()) site.country = country;
  const auto off_site = off_site_of(o, country, *tables, catalog);
  if (!off_site) {
    if (!o.site.place.empty()) no_data(o.site.place, *tables, catalog, false);
    throw Error(ErrorKind::not_found, "no data: nothing says how the electricity is made", "off-site",
                "give --place, --mix 'hydro=60,gas=40', --mix-file, or the figure itself with --off-site");
  }

  const bool given_weather = o.site.weather.given();
  const auto on_site = o.cooling.cooling == Cooling::air
                           ? Estimate<WaterIntensity>::with_sd(WaterIntensity(0), WaterIntensity(0), Method::modelled,
                                                               "no water evaporates")
                           : with_spread(site.all.on_site, "water.on_site.spread",
                                         given_weather || !country ? "weather given" : country->source, catalog);
  const auto behind = off_site->water * pue.value;
  const auto total = on_site + behind;

  Result out;
  const auto litres = [](const Estimate<WaterIntensity>& e) {
    return format_number(e.value().in(units::L_per_kWh), 3);
  };
  out.title = fmt::format("{}{}: {} L per kWh of the machines ({} on site, {} for the electricity)", site.name,
                          o.site.month ? fmt::format(", month {}", *o.site.month) : "", litres(total), litres(on_site),
                          litres(behind));
  out.estimate("on_site", "On site (WUE)", on_site, "L/kWh",
               fmt::format("{}, evaporated per energy of the machines; {}", label_of(o.cooling.cooling), site.basis));
  out.estimate("off_site", "Off site (EWIF)", off_site->water, "L/kWh", "consumed per electricity; " + off_site->basis);
  out.estimate("pue", "PUE", pue.value, {}, "multiplies the off-site part alone");
  out.estimate("total", "Together", total, "L/kWh", "per energy of the machines: WUE + PUE * EWIF");
  add_withdrawal(out, o, site, on_site, catalog);
  add_uses(out, o, on_site, behind, total);
  const double fixed = behind.value().in(units::L_per_kWh);
  out.add(months_table(site, fixed)).add(months_figure(site));
  if (!site.hours.empty()) out.add(hours_table(site, fixed));
  out.note(best_times(site, fixed));
  out.add(cooling_table(site, fixed, o.cooling.cooling));
  if (off_site->mix) out.add(fuel_sets_table(*off_site->mix, o, catalog));
  if (!o.use.compare.empty())
    add_comparison(out, o, *tables, cooling, pue.value.value(), total.value().in(units::L_per_kWh), site.name, catalog);

  for (const auto& f : cooling.factors(o.cooling.cooling, catalog)) out.use(f);
  if (o.cooling.cooling != Cooling::air) out.use(catalog.factor("water.on_site.spread").use());
  for (const auto& f : off_site->factors) out.use(f);
  if (pue.factor) out.use(*pue.factor);
  out.warnings = site.warnings;
  for (const auto& w : off_site->warnings) out.warn(w);
  if (site.all.clamped > 0)
    out.warn(
        o.cooling.cooling == Cooling::adiabatic
            ? fmt::format("in {:.1f} % of the hours the pads do not reach the switch temperature: the hall warms up",
                          100 * site.all.clamped)
            : fmt::format("in {:.1f} % of the hours the wet bulb lies outside the curve, which was held at its end",
                          100 * site.all.clamped));
  if (!o.cooling.pue)
    out.warn(
        "PUE is the mean of the industry: dry cooling saves water on site and costs energy, so give the --pue "
        "that goes with this cooling");
  return out;
}

const Fields<WaterOptions>& water_fields() {
  using S = WaterSiteOptions;
  using C = WaterCoolingOptions;
  using P = WaterPowerOptions;
  using U = WaterUseOptions;
  static const Fields<S> site =
      Fields<S>()
          .reference("place", &S::place, "places", "country; its months are known for 28 countries of Africa")
          .positional()
          .file("weather", &S::weather, "hourly weather of the site: CSV (docs/formats/weather.md) or EPW")
          .integer("month", &S::month, "this month alone, 1 to 12; none: the year")
          .range(1, 12)
          .enumeration("wet-bulb", &S::wet_bulb, {"stull", "psychrometric"},
                       "how the wet bulb of a file is computed: the paper's formula of sea level, or at the "
                       "station's pressure")
          .number("altitude", &S::altitude, "of the site in metres, for the pressure where the file has none")
          .range(-500, 9000);
  static const Fields<C> cooling =
      Fields<C>()
          .enumeration("cooling", &C::cooling, physics::cooling_names(), "technology; air and closed loops: 0 L")
          .number("switch", &C::switch_celsius, "adiabatic: up to this outside temperature (°C) no water is used")
          .range(-20, 60)
          .number("pue", &C::pue, "power usage effectiveness that goes with this cooling; none: mean of the industry")
          .range(1, 10)
          .number("cycles", &C::cycles, "cycles of concentration of the tower, for what it withdraws")
          .range(1.1, 100)
          .number("leakage", &C::leakage, "share of the municipal supply that leaks, below 1")
          .range(0, 0.95);
  static const Fields<P> power =
      Fields<P>()
          .quantity("off-site", &P::off_site, "L/kWh", "water consumed per electricity, instead of a mix")
          .range(0, 1000)
          .list("mix", &P::mix, "generation by fuel in any one unit: hydro=60,gas=40; or a place whose mix is taken")
          .file("mix-file", &P::mix_file, "the same as CSV with columns fuel, generation")
          .enumeration("fuels", &P::fuels, {"paper", "pv", "us"},
                       "water by fuel: the paper's, the same with photovoltaic solar power, or the older US model's")
          .enumeration("hydro", &P::hydro, {"set", "none", "run-of-river"},
                       "what hydro is charged with: as the set has it, nothing, or no reservoir")
          .list("fuel-water", &P::fuel_water, "your own L/kWh of fuels: solar=0.05,hydro=1");
  static const Fields<U> use =
      Fields<U>()
          .quantity("energy", &U::energy, "kWh", "energy of the machines to put in litres")
          .range(0, 1e15)
          .quantity("report-energy", &U::report, "Wh", "energy of the machines for one report, stated by you")
          .at_least(0)
          .quantity("email-energy", &U::email, "Wh", "energy of the machines for one e-mail, stated by you")
          .at_least(0)
          .quantity("token-energy", &U::token, "J/token", "energy of the machines for a token, stated by you")
          .at_least(0)
          .number("scarcity", &U::scarcity, "weight of the basin (AWARE or the like), for the water on site")
          .range(0, 1000)
          .list("compare", &U::compare, "countries to set beside it: ZM,LY, or all");
  static const Fields<WaterOptions> fields = Fields<WaterOptions>()
                                                 .group(&WaterOptions::site, site, "Site")
                                                 .group(&WaterOptions::cooling, cooling, "Cooling")
                                                 .group(&WaterOptions::power, power, "Electricity")
                                                 .group(&WaterOptions::use, use, "Use");
  return fields;
}

Capability water_capability() {
  Capability c = capability<WaterOptions>("ledger", "water",
                                          "Litres behind the energy of machines, from weather, cooling and grid.",
                                          &water, water_fields());
  c.description =
      "Water that cooling evaporates on site and that power plants consume, per energy of the machines: "
      "W = E * (WUE + PUE * EWIF). WUE follows from the wet bulb temperature by the curves of two controls of "
      "cooling towers (Gupta et al., arXiv 2405.17469), an older US model, evaporative pads (adiabatic, our own "
      "model) or none (air); EWIF from the generation by fuel with the figures that the Water Efficiency Dataset for "
      "African Data Centers implies (Shumba et al., arXiv 2412.03716), with photovoltaic instead of concentrating "
      "solar power, or of the older US model. 28 countries of the paper have their months here; any other site needs "
      "its weather (hourly CSV or EPW), weighted by the load of the machines where the file has it. Without a place "
      "all countries and the five climates are compared. Consumption is evaporation; what is withdrawn is more, and "
      "is shown apart. Litres of a report, an e-mail or tokens follow from the energy that you state: none is "
      "assumed.";
  c.verb = Verb::account;
  c.papers = {7};
  c.emits = {"water.months.v1",   "water.hours.v1",   "water.countries.v1",
             "water.climates.v1", "water.cooling.v1", "water.fuels.v1"};
  const std::string weather =
      "time,temperature [°C],humidity [%]\n2025-07-01T00:00,19.7,98\n2025-07-01T06:00,16.5,82\n"
      "2025-07-01T12:00,26.2,81\n2025-07-01T18:00,25.1,73\n";
  c.examples = {{{"Zambia", "--energy", "1 MWh", "--pue", "1.3"}, {}, "Zambia"},
                {{"--weather", "site.csv", "--mix", "hydro=60,gas=30,solar=10", "--fuels", "pv", "--pue", "1.2",
                  "--report-energy", "120 Wh"},
                 {{"site.csv", weather}},
                 "One report"},
                {{"LY", "--cooling", "air", "--month", "7", "--compare", "EG,MA,ZM"}, {}, "Libya"},
                {{}, {}, "Mediterranean"}};
  return c;
}

}  // namespace wattline::ledger
