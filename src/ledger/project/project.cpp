#include "ledger/project/project.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "kernel/error.h"
#include "kernel/units.h"
#include "ledger/green_resolve.h"
#include "ledger/project/tables.h"

namespace wattline::ledger {
namespace {

constexpr std::size_t most_shown_cases = 200;

RegionWeights regions_of(const std::vector<std::string>& given) {
  RegionWeights out;
  for (const auto& word : words_of(given)) {
    const auto equals = word.find('=');
    double weight = 1;
    const std::string name = word.substr(0, equals);
    if (equals != std::string::npos) {
      const char *begin = word.data() + equals + 1, *end = word.data() + word.size();
      const auto [stop, error] = std::from_chars(begin, end, weight);
      if (error != std::errc() || stop != end)
        throw bad_input(fmt::format("'{}' has no number behind '='", word), "--region", "write 'Europe=0.6,APAC=0.4'");
    }
    if (!out.emplace(name, weight).second) throw bad_input(fmt::format("region '{}' is given twice", name), "--region");
  }
  return out;
}

Estimate<Ratio> both(const Estimate<Ratio>& a, const Estimate<Ratio>& b) {
  return Estimate<Ratio>(RawEstimate::product(a.raw(), b.raw()));
}

class Projection {
 public:
  Projection(const ProjectOptions& o, Context& context)
      : o_(o), context_(context), catalog_(context.get<catalog::Catalog>()) {}

  Result run() {
    read();
    account_today();
    future();
    closely();
    environment();
    out_.note(
        "Modelled throughout: the paper's serving figures (8, 70 and 405 billion parameters on GPU slices), not a "
        "meter. "
        "Training of generative models is not counted, as in the paper.");
    use_portfolio_factors(out_, catalog_);
    return std::move(out_);
  }

 private:
  void read() {
    model_ = portfolio_model(catalog_, regions_of(o_.portfolio.region));
    model_.whole_embodied = o_.portfolio.whole_embodied;
    if (o_.portfolio.token_log.given() && o_.portfolio.from_ledger)
      throw bad_input("a token log and the ledger cannot both stand for the paper's averages", "--from-ledger");
    TokenLog log;
    if (o_.portfolio.token_log.given())
      log = read_token_log(o_.portfolio.token_log.read(64u << 20), o_.portfolio.token_log.name());
    if (o_.portfolio.from_ledger) log = ledger_tokens();
    take_tokens(log, model_);
    is_reference_ = !o_.portfolio.use_cases.given();
    cases_ = is_reference_
                 ? reference_use_cases(catalog_, model_)
                 : read_use_cases(o_.portfolio.use_cases.read(64u << 20), o_.portfolio.use_cases.name(), model_);
    tell(log);
    demand_ = demand_of(model_, cases_);
    today_ = footprints(model_, demand_);
    total_ = sum(today_);
    if (!(total_.kwh > 0))
      throw bad_input("the portfolio asks for nothing: users, requests or working days are 0 throughout",
                      o_.portfolio.use_cases.name());
    published_ = is_reference_ && log.empty() && o_.portfolio.region.empty() && !o_.portfolio.whole_embodied;
  }

  // Answers of the account: a label `task` (chat, rag, agents) tells what they were for, chat without one.
  TokenLog ledger_tokens() {
    const auto ledger = account(context_);
    if (!ledger) throw Error(ErrorKind::not_found, no_account_text(context_), "--from-ledger");
    TokenLog log;
    for_each_subtotal(*ledger, o_.rows, context_, [&](const Subtotal& s) {
      if (!s.with_tokens) return;
      const std::string task = key_of(s.like, "label:task");
      AiTask t = AiTask::chat;
      for (const auto x : {AiTask::rag, AiTask::agents})
        if (task == ai_task_names()[static_cast<std::size_t>(x)]) t = x;
      auto& use = log[t];
      const auto rows = static_cast<double>(s.rows);
      use.requests += rows;
      use.calls += rows;
      use.tokens_in += static_cast<double>(s.tokens_in);
      use.tokens_out += static_cast<double>(s.tokens_out);
      use.joules += s.energy.value();
      use.with_energy += rows;
    });
    if (log.empty()) throw bad_input("no row of the account has tokens out in this period and choice", "--from-ledger");
    return log;
  }

  void tell(const TokenLog& log) {
    for (const auto& [task, use] : log) {
      const auto t = static_cast<std::size_t>(task);
      std::string text =
          fmt::format("{}: {} requests give {} tokens in and {} out by call, for the paper's averages.",
                      ai_task_names()[t], format_number(use.requests), format_number(model_.tasks[t].tokens_in),
                      format_number(model_.tasks[t].tokens_out));
      if (use.with_energy > 0) {
        const double per_call = use.joules / 3.6e6 / use.with_energy;
        text +=
            fmt::format(" They took {} each at the device; the model says {} (8e9), {} (70e9), {} (405e9) with PUE.",
                        to_string(per_call * units::kWh), to_string(energy_of(task, 0)), to_string(energy_of(task, 1)),
                        to_string(energy_of(task, 2)));
      }
      out_.note(text);
    }
  }
  Energy energy_of(AiTask task, std::size_t size) const {
    return inference_footprint(model_, task, size).kwh * units::kWh;
  }

  // What all use cases have in common in its uncertainty.
  Estimate<Ratio> spread(const char* name) const {
    const auto& f = catalog_.factor(fmt::format("project.spread.{}", name));
    return within_factor(Ratio(1), std::max(f.interval.high, 1 / f.interval.low), f.id, f.description);
  }

  void account_today() {
    // Volumes of a company's own cases err each for itself; the reference's one calibrated frequency errs for all.
    Estimate<Ratio> relative;
    double variance = 0;
    Footprint bought, own;
    for (const auto& u : cases_) {
      const Footprint f = sum(footprints(model_, demand_of(model_, {u})));
      (u.hosting == Hosting::cloud ? bought : own) += f;
      const double sigma = std::log(u.times) / 1.959963984540054;
      variance += f.kwh * f.kwh * std::expm1(sigma * sigma);
    }
    if (is_reference_) relative = spread("requests");
    else
      relative = Estimate<Ratio>::with_sd(Ratio(1), Ratio(std::sqrt(variance) / total_.kwh), Method::modelled,
                                          "volumes of the use cases");
    relative = both(both(relative, spread("output_tokens")), spread("slices"));
    const auto powered = both(relative, spread("power"));
    const auto e = powered * Estimate<Energy>::exact(total_.kwh * units::kWh);
    use_carbon_ = both(powered, spread("electricity")) * Estimate<Carbon>::exact(total_.use().gwp * units::kgCO2e);
    const auto made = both(relative, spread("embodied"));
    carbon_ = use_carbon_ + made * Estimate<Carbon>::exact(total_.embodied.gwp * units::kgCO2e);
    const auto whole = [&](auto use, auto embodied) {
      return both(powered, spread("electricity")) * Estimate<decltype(use)>::exact(use) +
             made * Estimate<decltype(use)>::exact(embodied);
    };
    out_.title =
        fmt::format("{}{} a year ({}): {}, {}", is_reference_ ? "Reference company of 100 use cases: " : "",
                    to_string(total_.kwh * units::kWh, 3), base_year, to_string(total_.total().gwp * units::kgCO2e, 3),
                    is_reference_ ? "modelled" : fmt::format("{} use cases", cases_.size()));
    out_.estimate("energy", "Energy", e, {}, "with PUE, a year");
    out_.estimate("carbon", "Carbon", carbon_, {},
                  fmt::format("use and making; making is {:.3g} %", 100 * total_.embodied.gwp / total_.total().gwp));
    out_.estimate("water", "Water", whole(total_.use().water * units::m3, total_.embodied.water * units::m3), "m3",
                  fmt::format("making is {:.3g} %", 100 * total_.embodied.water / total_.total().water));
    out_.estimate("primary_energy", "Primary energy",
                  whole(total_.use().primary_energy * units::MJ, total_.embodied.primary_energy * units::MJ), "TJ",
                  "energy taken from nature");
    out_.estimate("adpe", "Metals", whole(total_.use().adpe * units::kg, total_.embodied.adpe * units::kg), "kg",
                  fmt::format("antimony equivalents (ADPe); making is {:.3g} %",
                              100 * total_.embodied.adpe / total_.total().adpe));
    out_.add(task_table(model_, cases_, demand_));
    if (!is_reference_) {
      std::vector<UseCase> shown(
          cases_.begin(), cases_.begin() + static_cast<std::ptrdiff_t>(std::min(cases_.size(), most_shown_cases)));
      Table t = use_case_table(model_, shown);
      if (shown.size() < cases_.size()) t.caption = fmt::format("the first {} of {}", shown.size(), cases_.size());
      out_.add(std::move(t));
    }
    out_.add(inference_table(model_, catalog_));
    out_.add(scope_table(bought, own));
  }

  void future() {
    for (const auto set : {ParameterSet::fitted, ParameterSet::text})
      for (auto& s : published_scenarios(catalog_, set)) {
        Footprint f = project(s, today_, model_.pue);
        projected_.push_back({set == ParameterSet::fitted ? "fitted" : "text", std::move(s), f});
      }
    if (o_.scenario.scenarios.given())
      for (auto& s : read_scenarios(o_.scenario.scenarios.read(64u << 20), o_.scenario.scenarios.name(), model_)) {
        Footprint f = project(s, today_, model_.pue);
        projected_.push_back({"yours", std::move(s), f});
      }
    out_.add(scenario_table(projected_, total_));
    if (published_) {
      out_.add(deviation_table(projected_, total_));
      out_.note(
          "Two sets of parameters: 'fitted' gives the published indices (longer output 1.43, PUE unchanged but in the "
          "efficient scenarios, making by energy 0.84 in these); 'text' is what the paper's text says (1.33, PUE 1.10, "
          "1).");
    }
    std::vector<Projected> drawn;
    for (const auto& p : projected_)
      if (is_chosen_set(p)) drawn.push_back(p);
    if (drawn.size() > 12) drawn.resize(12);
    out_.add(path_figure(drawn, today_, model_.pue));
  }

  bool is_chosen_set(const Projected& p) const {
    return std::string_view(p.set) == "yours" ||
           std::string_view(p.set) == (o_.scenario.parameters == ParameterSet::fitted ? "fitted" : "text");
  }

  const Projected& focus() const {
    std::vector<std::string> names;
    const std::string wanted = o_.scenario.scenario.empty() ? "intermediate" : o_.scenario.scenario;
    const Projected* found = nullptr;
    for (const auto& p : projected_) {
      if (!is_chosen_set(p)) continue;
      names.push_back(p.scenario.name);
      if (p.scenario.name == wanted) found = &p;  // the last: the user's own goes before the paper's
    }
    if (!found) throw unknown_name("scenario", wanted, names);
    return *found;
  }

  void closely() {
    const Projected& p = focus();
    out_.add(agent_table(p.scenario, today_, model_.pue));
    const TargetBasis basis{o_.scenario.cut.value_or(factor_in(catalog_, "project.target.cut")),
                            factor_in(catalog_, "project.target.grid"), factor_in(catalog_, "project.target.pue")};
    std::vector<Projected> chosen;
    for (const auto& x : projected_)
      if (is_chosen_set(x)) chosen.push_back(x);
    out_.add(target_table(chosen, total_, basis));
    for (const char* id : {"project.target.grid", "project.target.pue"}) out_.use(catalog_.factor(id).use());
    if (o_.sensitivity.kind == SensitivityKind::none) return;
    const Sensitivity s(catalog_, model_, demand_, p.scenario);
    const double carbon = p.future.total().gwp;
    if (o_.sensitivity.kind != SensitivityKind::sobol) {
      const auto swings = s.tornado();
      Table t = tornado_table(swings, carbon);
      t.title += fmt::format(": carbon of {} in {}", p.scenario.name, p.scenario.year);
      out_.add(std::move(t));
      out_.add(tornado_figure(swings, carbon));
    }
    if (o_.sensitivity.kind != SensitivityKind::tornado) {
      const auto indices = s.sobol(static_cast<std::size_t>(o_.sensitivity.samples), context_);
      Table t = sobol_table(indices);
      t.title += fmt::format(": carbon of {} in {}", p.scenario.name, p.scenario.year);
      out_.add(std::move(t));
      out_.note(
          fmt::format("With all assumptions free, carbon of {} in {} lies between {} and {} with 95 % (as assumed: "
                      "{}); {} samples, "
                      "seed {}.",
                      p.scenario.name, p.scenario.year,
                      to_string(study::sorted_quantile(indices.outputs, 0.025) * units::kgCO2e, 3),
                      to_string(study::sorted_quantile(indices.outputs, 0.975) * units::kgCO2e, 3),
                      to_string(carbon * units::kgCO2e, 3), indices.outputs.size(), context_.seed));
    }
  }

  void environment() {
    double uses = 0, training = 0;
    for (const auto& task : demand_)
      for (const auto& d : task) {
        uses += d.inferences;
        training += d.training_kwh;
      }
    const Carbon fixed = training / total_.kwh * total_.total().gwp * units::kgCO2e;
    const auto r = environment_return(o_.environment, carbon_, fixed, uses, catalog_);
    if (!r) {
      out_.note(
          "No Return on Environment: nothing avoided is given (--avoided, with baseline, period, attribution, "
          "evidence). The footprint stands without it.");
      return;
    }
    out_.estimate("net_avoided", "Avoided elsewhere", r->net_avoided, {},
                  "after attribution and rebound; never taken off the footprint");
    out_.estimate("return_on_environment", "Return on Environment", r->ratio, "",
                  "net avoided by footprint; formula proposed here, the paper publishes none");
    const char letter = static_cast<char>('A' + static_cast<int>(o_.environment.evidence) - 1);
    out_.note(fmt::format(
        "Against '{}' in {}; {:.3g} % of it attributed to the portfolio, {:.3g} % lost to rebound, "
        "evidence {}. {}",
        o_.environment.baseline, o_.environment.period, 100 * *o_.environment.attribution,
        100 * o_.environment.rebound.value_or(0), letter,
        r->ratio.value().base() < 1 ? "It costs more than it avoids."
                                    : "It avoids more elsewhere than it costs; the footprint is still emitted."));
    if (!o_.environment.rebound) out_.warn("no rebound given: none is taken off (wattline ledger rebound)");
    if (r->break_even_uses)
      out_.note(fmt::format("Break-even: from {} inferences a year what they avoid covers the fixed footprint of {}.",
                            format_number(*r->break_even_uses), to_string(fixed)));
    else out_.note("Break-even: at no volume; an inference costs as much as it avoids, or more.");
    out_.use(catalog_.factor(fmt::format("project.evidence.{}", letter)).use());
  }

  const ProjectOptions& o_;
  Context& context_;
  const catalog::Catalog& catalog_;
  PortfolioModel model_;
  std::vector<UseCase> cases_;
  bool is_reference_ = true, published_ = true;
  DemandTable demand_{};
  FamilyFootprints today_{};
  Footprint total_;
  Estimate<Carbon> use_carbon_, carbon_;
  std::vector<Projected> projected_;
  Result out_;
};

}  // namespace

Result project_portfolio(const ProjectOptions& o, Context& context) { return Projection(o, context).run(); }

Capability project_capability() {
  using P = PortfolioOptions;
  using S = ScenarioOptions;
  using V = SensitivityOptions;
  using O = ProjectOptions;
  static const Fields<P> portfolio =
      Fields<P>()
          .file("use-cases", &P::use_cases,
                "CSV or JSON of the company's use cases; none: the paper's reference company")
          .positional()
          .file("token-log", &P::token_log, "CSV or JSON of requests with tokens, instead of the paper's averages")
          .flag("from-ledger", &P::from_ledger, "tokens of the rows of the account, instead of the paper's averages")
          .list("region", &P::region,
                "whose electricity: Americas, Europe, APAC with weights, as 'Europe=0.6,APAC=0.4'")
          .flag("whole-embodied", &P::whole_embodied,
                "count the making of storage and network too; the paper does not");
  static const Fields<S> scenario =
      Fields<S>()
          .file("scenarios", &S::scenarios, "CSV or JSON of scenarios of your own, beside the paper's five")
          .enumeration("parameters", &S::parameters, {"fitted", "text"},
                       "figures of the paper's scenarios: fitted to its indices, or as its text says")
          .text("scenario", &S::scenario, "the scenario that is looked at closely; none: intermediate")
          .number("cut", &S::cut, "cut of carbon that is aimed at, 0 to 1; none: the paper's 0.9")
          .range(0, 0.999);
  static const Fields<V> sensitivity =
      Fields<V>()
          .enumeration("sensitivity", &V::kind, {"both", "tornado", "sobol", "none"}, "what the result hangs on")
          .integer("samples", &V::samples, "points of the Sobol analysis; 13 evaluations each")
          .range(8, 100000);
  static const Fields<O> fields = Fields<O>()
                                      .group(&O::portfolio, portfolio, "Portfolio")
                                      .group(&O::rows, rows_fields(), "Rows of the account")
                                      .group(&O::scenario, scenario, "Scenarios")
                                      .group(&O::sensitivity, sensitivity, "Sensitivity")
                                      .group(&O::environment, return_fields(), "Return on Environment");
  Capability c = capability<O>("ledger", "project", "A company's use of AI: footprint today, and by 2030 by scenario.",
                               &project_portfolio, fields);
  c.description =
      "Energy and impacts (carbon, water, primary energy, metals; use and making) of a portfolio of AI use cases, per "
      "inference and per year, projected to 2030 under five scenarios and your own, after Desroches et al., 'Exploring "
      "the sustainable scaling of AI dilemma' (arXiv 2501.14334). Two parameter sets: fitted to the published indices, "
      "and "
      "as the text says. With the growth of agents, back-casting of a cut, a tornado and Sobol indices, an eco-score, "
      "a "
      "mapping to GHG Protocol scopes, and a Return on Environment whose formula is proposed here since the paper "
      "gives "
      "none: it needs a named baseline, and never lowers the footprint.";
  c.verb = Verb::predict;
  c.papers = {5};
  c.consumes = {"portfolio.use_cases.v1", "portfolio.scenarios.v1", "portfolio.tokens.v1"};
  c.emits = {"project.tasks.v1",     "project.use_cases.v1",  "project.inference.v1", "project.scopes.v1",
             "project.scenarios.v1", "project.deviations.v1", "project.agents.v1",    "project.target.v1",
             "project.tornado.v1",   "project.sobol.v1"};
  const std::string cases =
      "name,task,users,requests_per_day,size,within_factor\n"
      "Assistant,chat,2000,6,medium,1.5\n"
      "Search in manuals,rag,300,10,low,2\n"
      "Invoice checks,tabular,20,500,,2\n";
  c.examples = {{{}, {}, "intermediate"},
                {{"cases.csv", "--region", "Europe", "--sensitivity", "tornado"}, {{"cases.csv", cases}}, "Assistant"},
                {{"cases.csv", "--avoided", "12 tCO2e", "--baseline", "search by hand", "--period", "2025",
                  "--attribution", "0.5", "--evidence", "C", "--rebound", "0.2", "--sensitivity", "none"},
                 {{"cases.csv", cases}},
                 "Return on Environment"}};
  return c;
}

}  // namespace wattline::ledger
