#include "ledger/lca/lca.h"

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/units.h"
#include "ledger/lca/report.h"

namespace wattline::ledger::lca {
namespace {

Measure drawn(double value, double low, double high, const char* unit, const Resolved& r) {
  return {value, {low, high}, unit, Method::modelled, {r.data->use(r.card).source, "life cycle model"}};
}

std::string charged_text(const Resolved& r) {
  const Life& l = r.life;
  const std::string life = fmt::format(
      "{} years{}", format_number(l.years),
      l.utilisation < 1 ? fmt::format(", in use {} % of the time", format_number(100 * l.utilisation)) : "");
  if (r.whole_life)
    return fmt::format("{} of {} for {}", r.input.lives == 1 ? "the life" : format_number(r.input.lives) + " lives",
                       r.card.name, life);
  constexpr const char* rules[] = {"its hours in use", "its hours, idle or not", "its energy"};
  return fmt::format("{} card-hours on {} (the life of a card, {}, charged by {}: {} lives)",
                     format_number(r.card_hours), r.card.name, life, rules[static_cast<int>(r.allocation)],
                     format_number(r.input.lives));
}

void add_estimates(Result& out, const Resolved& r, const Cycle& cycle) {
  out.add(EstimateBlock{"climate", "Climate change", drawn(cycle.total[0], cycle.low[0], cycle.high[0], "kgCO2e", r),
                        fmt::format("all stages; electricity at {}", r.climate_from)});
  out.add(EstimateBlock{
      "use_share", "Share of the use in it",
      drawn(100 * cycle.share(use, 0), 100 * cycle.use_share_low[0], 100 * cycle.use_share_high[0], "%", r), ""});
  const double one = r.card.manufacture()[0];
  out.add(
      EstimateBlock{"energy", "Energy",
                    drawn(r.input.facility_kwh, r.input.facility_kwh * std::exp(-1.96 * r.spread.energy),
                          r.input.facility_kwh * std::exp(1.96 * r.spread.energy), "kWh", r),
                    fmt::format("with PUE {}{}", format_number(r.pue), r.power_modelled ? "; from board power" : "")});
  out.note(fmt::format("Making one card: {} kg CO2 eq, {} kg Sb eq, {} MJ fossil.", format_number(one),
                       format_number(r.card.manufacture()[1]), format_number(r.card.manufacture()[2])));
}

}  // namespace

Result lca(const LcaOptions& o, Context& context) {
  const auto names = context.find<catalog::Catalog>() ? context.share<catalog::Catalog>() : catalog::Catalog::load();
  if (o.validate) return validation(Data(*names));
  const Resolved r = resolve(o, *names);
  Cycle cycle = life_cycle(r.input);
  draw_intervals(cycle, r.input, r.spread, context.random("ledger lca"));

  Result out;
  out.title = fmt::format("{}, {:.0f} % of it in use: {}", to_string(cycle.total[0] * units::kgCO2e),
                          100 * cycle.share(use, 0), charged_text(r));
  add_estimates(out, r, cycle);
  out.note(leaders_text(r, cycle));
  out.add(categories_table(r, cycle));
  out.add(stages_figure(r, cycle));
  out.add(parts_table(r));
  out.add(climate_figure(r, cycle));
  out.add(lifetimes_table(r));
  out.add(boundaries_table(r, cycle));
  out.add(equivalents_table(r, cycle));
  add_server(out, r, cycle, o.server);
  for (const auto& n : r.notes) out.note(n);
  out.note(
      "Intervals are drawn from log-normal spreads by quality of the figures (primary 1.1, secondary 1.5, proxy 2, "
      "proposed by this program); the paper gives none.");
  for (const auto& w : r.warnings) out.warn(w);
  for (const auto& f : r.factors) out.use(f);
  for (const Value* v : r.data->values("equivalent")) out.use(r.data->use(*v));
  out.use(r.data->use(r.data->value("boundary", "people")));
  return out;
}

const Fields<LcaOptions>& lca_fields() {
  using O = LcaOptions;
  using R = RunOptions;
  using L = LifeOptions;
  using C = CardOptions;
  using S = ServerOptions;
  static const Fields<R> run =
      Fields<R>()
          .quantity("card-time", &R::card_time, "h",
                    "time of a run, cards times hours; none: the whole life of the card")
          .range(0, 1e12)
          .quantity("energy", &R::energy, "kWh", "metered at the cards, for what is asked about")
          .at_least(0)
          .quantity("power", &R::power, "W", "mean power of a card in use; none: its board power")
          .range(0, 10000)
          .number("cards", &R::cards, "cards, where their whole life is asked for")
          .range(1e-6, 1e9);
  static const Fields<L> life =
      Fields<L>()
          .number("lifetime", &L::years, "years of life of a card; none: 3")
          .range(0.05, 50)
          .number("utilisation", &L::utilisation, "share of its life in which a card is in use, 0 to 1; none: 1")
          .range(0.001, 1)
          .enumeration("allocation", &L::allocation, {"time", "calendar", "energy"},
                       "which share of a card's life a run is charged: its hours by the hours in use, by all hours, or "
                       "its energy by the energy of the life")
          .number("air-km", &L::air_km, "distribution by air; the other distances are 0 unless given")
          .range(0, 40000)
          .number("sea-km", &L::sea_km, "distribution by sea; none of the three: 19000 by sea, 1000 by road")
          .range(0, 60000)
          .number("road-km", &L::road_km, "distribution by road")
          .range(0, 20000);
  static const Fields<C> card =
      Fields<C>()
          .quantity("card-mass", &C::mass, "g", "mass of the card")
          .range(1, 1e5)
          .quantity("casing-mass", &C::casing, "g", "mass of its casing")
          .range(0, 1e5)
          .quantity("heatsink-mass", &C::heatsink, "g", "mass of its heatsink")
          .range(0, 1e5)
          .quantity("board-area", &C::board, "cm2", "area of its circuit board")
          .range(0.1, 1e4)
          .quantity("chip-area", &C::chip, "mm2", "area of its chip, as drawn")
          .range(1, 5000)
          .number("memory-packages", &C::memory_packages, "packages of memory (HBM: stacks)")
          .range(0, 200)
          .text("memory-type", &C::memory_type, "gddr or hbm")
          .file("unit-factors", &C::unit_factors, "CSV with your own unit factors: component, category, value");
  static const Fields<S> server =
      Fields<S>()
          .number("server-share", &S::share,
                  "share of a server that one card answers for (0.125: one of eight); none: "
                  "cards alone, as in the paper")
          .range(0, 1)
          .integer("server-processors", &S::processors, "processors of the server")
          .range(0, 64)
          .quantity("server-processor-area", &S::processor_area, "mm2", "area of the dies of one processor")
          .range(0, 1e4)
          .quantity("server-memory", &S::memory, "GB", "memory of the server")
          .range(0, 1e6)
          .quantity("server-flash", &S::flash, "GB", "capacity of its solid-state drives")
          .range(0, 1e7)
          .integer("server-disks", &S::disks, "its spinning disks")
          .range(0, 1000)
          .integer("server-power-supplies", &S::power_supplies, "its power supplies")
          .range(0, 64);
  using P = SiteOptions;
  static const Fields<P> site =
      Fields<P>()
          .reference("place", &P::place, "places",
                     "country, region or cloud region (FR, US-CA, gcp/europe-west9); none: the world, climate alone")
          .quantity("intensity", &P::intensity, "gCO2e/kWh",
                    "carbon intensity of the electricity, instead of the place's")
          .at_least(0)
          .number("pue", &P::pue, "power usage effectiveness: energy of the building per energy of the machines")
          .range(1, 10)
          .enumeration("climate", &P::climate, {"place", "table", "table-fossil"},
                       "climate of the electricity: the catalog's figure of the place, or that of the table with the "
                       "other categories, whole or its fossil part");
  static const Fields<O> fields =
      Fields<O>()
          .text("card", &O::card, "the card: one taken apart, or one whose masses and areas are known")
          .positional()
          .flag("validate", &O::validate, "predict each card taken apart from the others, and say how far it is off")
          .group(&O::run, run, "Run")
          .group(&O::life, life, "Life")
          .group(&O::site, site, "Place")
          .group(&O::parts, card, "Card")
          .group(&O::server, server, "Server");
  return fields;
}

Capability lca_capability() {
  Capability c = capability<LcaOptions>(
      "ledger", "lca", "Cradle to grave of a GPU, or of a run on it, in 16 categories.", &lca, lca_fields());
  c.description =
      "Manufacture by part, distribution, use and end of life of a card, after S. Falk, D. Ekchajzer, T. Pirson and "
      "others, More than Carbon (arXiv 2509.00093), with the figures of seven cards taken apart (CC BY-SA 4.0). Other "
      "cards are modelled from their masses and areas: effective chip area by Murphy's yield, memory by package and "
      "type, the rest by mass or area; --validate says how far that is off. Upstream freight is in the manufacture, "
      "distribution apart: nothing is counted twice, and no credit is given at the end of life. Use has public factors "
      "in "
      "11 of the 16 categories at best; the others are not assessed, which is not zero. Results compare only where the "
      "scope is the same, and categories are never added up.";
  c.verb = Verb::account;
  c.papers = {16};
  c.emits = {"lca.categories.v1", "lca.parts.v1",      "lca.lifetimes.v1",       "lca.boundaries.v1",
             "lca.server.v1",     "lca.validation.v1", "lca.validation.cards.v1"};
  c.examples = {
      {{"A100 SXM4", "--card-time", "1080000h", "--energy", "433196kWh", "--place", "FR", "--pue", "1.2"},
       {},
       "11 categories"},
      {{"H100 SXM", "--place", "US", "--lifetime", "5", "--utilisation", "0.6"}, {}, "modelled from its masses"},
      {{"A100 PCIe 40GB", "--card-time", "1000h", "--power", "200W", "--place", "DE", "--server-share", "0.125",
        "--server-memory", "512GB", "--server-processor-area", "600mm2"},
       {},
       "With the server"},
      {{"--validate"}, {}, "one card left out"}};
  return c;
}

}  // namespace wattline::ledger::lca
