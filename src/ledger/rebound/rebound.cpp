#include "ledger/rebound/rebound.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "kernel/error.h"
#include "kernel/units.h"
#include "ledger/rebound/model.h"

namespace wattline::ledger {
namespace {

std::string percent(double share) { return format_number(100 * share, 3) + " %"; }

ReboundCase case_of(const ReboundOptions& o, double elasticity) {
  return {o.gain, o.demand.share, elasticity, o.demand.income_elasticity, o.demand.growth};
}

struct Elasticity {
  std::string name;
  double value = 0;
};
std::vector<Elasticity> elasticities(const ReboundOptions& o, const catalog::Catalog& c, Result& out) {
  std::vector<Elasticity> all;
  for (const char* name : {"low", "middle", "unit", "high", "very_high"}) {
    const auto& f = c.factor(fmt::format("rebound.elasticity.{}", name));
    out.use(f.use());
    all.push_back({name, f.value});
  }
  if (o.demand.elasticity) all.push_back({"yours", *o.demand.elasticity});
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.value < b.value; });
  return all;
}

// Of a quantity that rises or falls with elasticity alone: its interval is that of the elasticity, carried over.
template <class F>
Measure measure(const ReboundOptions& o, F&& f, const char* unit = "") {
  const double at = *o.demand.elasticity;
  const double low = o.demand.elasticity_low.value_or(at), high = o.demand.elasticity_high.value_or(at);
  Measure m;
  m.value = f(case_of(o, at));
  const double a = f(case_of(o, low)), b = f(case_of(o, high));
  m.interval = {std::min({a, b, m.value}), std::max({a, b, m.value})};
  m.unit = unit;
  m.method = Method::modelled;
  m.sources = {"constant elasticity"};
  return m;
}

void check(const ReboundOptions& o) {
  const auto& d = o.demand;
  if (!d.elasticity && (d.elasticity_low || d.elasticity_high))
    throw bad_input("a range of the elasticity is given, but not the elasticity", "--elasticity");
  if (d.elasticity_low.value_or(0) > d.elasticity.value_or(INFINITY))
    throw bad_input("the low end lies above the elasticity", "--elasticity-low");
  if (d.elasticity && d.elasticity_high.value_or(INFINITY) < *d.elasticity)
    throw bad_input("the high end lies below the elasticity", "--elasticity-high");
  const auto& r = o.respending;
  if (r.cost.has_value() != r.intensity.has_value())
    throw bad_input("indirect rebound needs both what the use costs and the carbon of what money is spent on instead",
                    r.cost ? "--respending-intensity" : "--cost");
  if (r.cost && !o.energy) throw bad_input("indirect rebound is a share of the carbon that was saved", "--energy");
}

Table scenario_table(const ReboundOptions& o, const std::vector<Elasticity>& all,
                     const std::optional<IndirectCase>& spend) {
  Table t("rebound.scenarios.v1");
  t.title = "By elasticity of demand";
  t.caption =
      "scenarios, not measurements: elasticities of the demand for AI were not found. Rebound over 100 % is backfire";
  t.text("elasticity_is")
      .number("elasticity")
      .number("use", "", "after by before")
      .number("energy", "", "after by before");
  t.number("direct", "%", "rebound").number("induced", "%", "rebound");
  if (spend) t.number("indirect", "%", "rebound of carbon");
  t.number("total", "%", "rebound").flag("backfire");
  for (const auto& e : all) {
    const ReboundCase c = case_of(o, e.value);
    double total = total_rebound(c);
    std::vector<Table::Cell> row{
        e.name, e.value, use_ratio(c), energy_ratio(c), 100 * direct_rebound(c), 100 * induced_rebound(c)};
    if (spend) {
      const double indirect = indirect_rebound(c, *spend);
      total += indirect;
      row.emplace_back(100 * indirect);
    }
    row.emplace_back(100 * total);
    row.emplace_back(total > 1);
    t.add_row(std::move(row));
  }
  return t;
}

Figure ratio_figure(const ReboundOptions& o) {
  Figure f;
  f.title = "Energy after by before";
  f.caption = "above 1: backfire";
  f.x = {"elasticity of demand by price", ""};
  f.y = {"E1 / E0", "", true};
  for (const double gain : {std::sqrt(o.gain), o.gain, o.gain * o.gain}) {
    Figure::Trace trace;
    trace.name = fmt::format("gain {:.3g}", gain);
    for (int i = 0; i <= 40; ++i) {
      ReboundCase c = case_of(o, i * 0.0625);
      c.gain = gain;
      trace.x.push_back(c.elasticity);
      trace.y.push_back(energy_ratio(c));
    }
    f.traces.push_back(std::move(trace));
  }
  Figure::Trace one;
  one.name = "as before";
  one.x = {0, 2.5};
  one.y = {1, 1};
  f.traces.push_back(std::move(one));
  return f;
}

void add_yours(const ReboundOptions& o, const std::optional<IndirectCase>& spend, Result& out) {
  const auto add = [&](const char* name, const char* label, Measure m, std::string note) {
    out.add(EstimateBlock{name, label, std::move(m), std::move(note)});
  };
  add("energy_ratio", "Energy after by before", measure(o, energy_ratio), "E1 / E0");
  add("direct_rebound", "Direct rebound",
      measure(
          o, [](const ReboundCase& c) { return 100 * direct_rebound(c); }, "%"),
      "of the expected saving, by more use at a lower price");
  if (o.demand.growth != 0)
    add("induced_rebound", "Induced",
        measure(
            o, [](const ReboundCase& c) { return 100 * induced_rebound(c); }, "%"),
        "of the expected saving, by growth of income");
  const auto total = [&](const ReboundCase& c) {
    return 100 * (total_rebound(c) + (spend ? indirect_rebound(c, *spend) : 0));
  };
  if (spend)
    add("indirect_rebound", "Indirect rebound",
        measure(
            o, [&](const ReboundCase& c) { return 100 * indirect_rebound(c, *spend); }, "%"),
        "of the expected saving of carbon, by money spent elsewhere; below 0: money is drawn from elsewhere");
  add("rebound", "Rebound in all", measure(o, total, "%"), "not clipped");
  if (o.energy)
    add("saving", "Saved",
        measure(
            o, [&](const ReboundCase& c) { return o.energy->in(units::kWh) * (1 - energy_ratio(c)); }, "kWh"),
        fmt::format("of {}; {} were expected", to_string(*o.energy),
                    to_string(*o.energy * expected_saving(case_of(o, 0)))));
  const double all = total(case_of(o, *o.demand.elasticity));
  out.title = fmt::format("Efficiency times {:.4g}: {} of the saving is lost to rebound{}", o.gain, percent(all / 100),
                          all > 100 ? " (backfire)" : "");
  if (all > 100) out.warn(fmt::format("backfire: the gain leads to more {} than before", spend ? "carbon" : "energy"));
  if (!o.demand.elasticity_low || !o.demand.elasticity_high)
    out.warn("the elasticity is taken as exact: give its range with --elasticity-low and --elasticity-high");
}

}  // namespace

Result rebound(const ReboundOptions& o, Context& context) {
  check(o);
  const auto& catalog = context.get<catalog::Catalog>();
  Result out;
  std::optional<IndirectCase> spend;
  if (o.respending.cost) {
    const auto grid = catalog::resolve(o.place, catalog);
    const auto carbon = grid.carbon(Estimate<Energy>::exact(*o.energy));
    if (!(carbon.value() > Carbon(0)))
      throw bad_input("the use emits no carbon: there is nothing to take a share of", "--energy");
    spend = IndirectCase{o.respending.cost->base(), o.respending.respent, o.respending.intensity->base(),
                         carbon.value().base()};
    out.estimate("carbon_before", "Carbon before", carbon, {}, "with the site");
    for (const auto& f : grid.factors) out.use(f);
    for (const auto& w : grid.warnings) out.warn(w);
  }
  const auto all = elasticities(o, catalog, out);
  if (o.demand.elasticity) add_yours(o, spend, out);
  else
    out.title = fmt::format("Efficiency times {:.4g}: {} is saved if use stays as it is", o.gain,
                            percent(expected_saving(case_of(o, 0))));
  out.add(scenario_table(o, all, spend));
  if (const auto e = break_even_elasticity(case_of(o, 0)))
    out.note(*e > 0 ? fmt::format("Nothing is saved from an elasticity of {} on.", format_number(*e))
                    : "Growth alone takes the whole saving, whatever the elasticity.");
  else out.note("Energy is no part of the price: its saving makes nothing cheaper, and there is no direct rebound.");
  out.add(ratio_figure(o));
  const auto& work = catalog.factor("rebound.evidence.data_centres.work");
  const auto& energy = catalog.factor("rebound.evidence.data_centres.energy");
  if (const auto implied = implied_elasticity(work.value, energy.value, o.demand.share)) {
    out.note(
        fmt::format("For comparison: the world's data centres did {:.3g} times the computing in 2018 that they did in "
                    "2010 with {:.3g} "
                    "times the energy. Were price alone the cause, the elasticity would be {}; it was not alone.",
                    work.value, energy.value, format_number(*implied, 3)));
    out.use(work.use());
    out.use(energy.use());
  }
  out.note(
      "The paper names kinds of rebound and gives no formula: this model of constant elasticity is proposed here.");
  return out;
}

Capability rebound_capability() {
  using D = ReboundDemandOptions;
  using R = RespendingOptions;
  using O = ReboundOptions;
  static const Fields<D> demand =
      Fields<D>()
          .number("share", &D::share, "share of the price that energy sets, 0 to 1")
          .range(0, 1)
          .number("elasticity", &D::elasticity, "growth of use by fall of price; none: scenarios alone")
          .range(0, 20)
          .number("elasticity-low", &D::elasticity_low, "low end of it (95 %)")
          .range(0, 20)
          .number("elasticity-high", &D::elasticity_high, "high end of it (95 %)")
          .range(0, 20)
          .number("income-elasticity", &D::income_elasticity, "growth of use by growth of income")
          .range(-10, 10)
          .number("growth", &D::growth, "growth of income over the period, as a logarithm (0.1: some 10 %)")
          .range(-5, 5);
  static const Fields<R> respending =
      Fields<R>()
          .quantity("cost", &R::cost, "USD", "what the use cost in the period before")
          .at_least(0)
          .number("respent", &R::respent, "share of the money spared that is spent elsewhere")
          .range(0, 1)
          .quantity("respending-intensity", &R::intensity, "gCO2e/USD", "carbon of what it is spent on")
          .at_least(0);
  static const Fields<O> fields = Fields<O>()
                                      .number("gain", &O::gain, "efficiency after by before: work for the same energy")
                                      .required()
                                      .range(1.000001, 1e6)
                                      .quantity("energy", &O::energy, "kWh", "energy of the period before")
                                      .range(1e-9, 1e15)
                                      .group(&O::demand, demand, "Demand")
                                      .group(&O::respending, respending, "Money spared")
                                      .group(&O::place, catalog::place_fields(), "Place");
  Capability c = capability<O>("ledger", "rebound", "What is left of an efficiency gain when use grows with it.",
                               &rebound, fields);
  c.description =
      "Direct, indirect and induced rebound after the taxonomy of Luccioni, Strubell, Crawford, 'From Efficiency Gains "
      "to "
      "Rebound Effects' (FAccT 2025, arXiv 2501.16548). The paper gives no formula; proposed here: "
      "E1/E0 = k^(sigma epsilon - 1) exp(eta g) with gain k, share of energy in the price sigma, elasticity epsilon, "
      "elasticity by income eta and growth g; rebound R = 1 - actual / expected saving. R above 100 % is backfire, "
      "said and "
      "not clipped. Elasticities of the demand for AI were not found: scenarios from 0.2 to 2, or your own with its "
      "range.";
  c.verb = Verb::predict;
  c.papers = {17};
  c.emits = {"rebound.scenarios.v1"};
  c.examples = {{{"--gain", "2", "--share", "0.6"}, {}, "1.667"},
                {{"--gain", "3", "--share", "0.8", "--elasticity", "1.5", "--elasticity-low", "1", "--elasticity-high",
                  "2", "--energy", "40 MWh"},
                 {},
                 "backfire"},
                {{"--gain", "2", "--elasticity", "0.3", "--energy", "40 MWh", "--place", "DE", "--cost", "9000",
                  "--respending-intensity", "250"},
                 {},
                 "Indirect rebound"}};
  return c;
}

std::vector<Claim> rebound_claims() {
  return {{17, "efficiency gains can be lost to direct, indirect and structural rebound (a framework without figures)",
           "our model's identities: no elasticity, no rebound; share times elasticity of 1, all of it; the definition "
           "R = 1 - actual/expected for 1,000 cases",
           [](Context& context) {
             auto random = context.random("rebound claim");
             const auto unit = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
             double worst = 0;
             for (int i = 0; i < 1000; ++i) {
               ReboundCase c{1.01 + 20 * unit(), 0.05 + 0.95 * unit(), 3 * unit(), 2 * unit(), unit()};
               worst = std::max(worst, std::abs(total_rebound(c) - 1 + (1 - energy_ratio(c)) / expected_saving(c)) /
                                           std::max(1.0, total_rebound(c)));
               c.elasticity = 0;
               worst = std::max(worst, std::abs(direct_rebound(c)));
               c.elasticity = 1 / c.share;
               worst = std::max(worst, std::abs(direct_rebound(c) - 1));
             }
             ClaimCheck out;
             out.verdict = worst < 1e-9 ? ClaimVerdict::holds : ClaimVerdict::differs;
             out.ours = fmt::format("3 identities, furthest {:.1e}", worst);
             out.note = "the paper gives no formula: the model is ours, proposed";
             return out;
           }},
          {17, "2010 to 2018: computing in data centres 6.5 times, energy +6 %", "", [](Context&) {
             return ClaimCheck{
                 ClaimVerdict::not_reproducible, "",
                 "cited from another study, whose data are not published with it; ledger rebound says which "
                 "elasticity it would imply"};
           }}};
}

}  // namespace wattline::ledger
