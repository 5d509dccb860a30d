#include "ledger/project/tables.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace wattline::ledger {
namespace {

std::string task_name(std::size_t t) { return ai_task_names()[t]; }

void impact_columns(Table& t) {
  t.number("carbon", "kgCO2e").number("water", "m3").number("primary_energy", "MJ", "from nature");
  t.number("adpe", "kg", "antimony equivalents");
}
double ratio(double a, double b) { return b > 0 ? a / b : NAN; }

}  // namespace

Table inference_table(const PortfolioModel& m, const catalog::Catalog& c) {
  Table t("project.inference.v1");
  t.title = "One inference";
  t.caption = "score: A under 1e-8 kWh to G from 1e-3, our decades between the ends that the paper names";
  t.text("task").text("size").number("energy", "kWh").text("score").number("carbon_use", "kgCO2e");
  t.number("carbon_embodied", "kgCO2e").number("water_use", "m3").number("water_embodied", "m3");
  t.number("primary_energy", "MJ").number("adpe", "kg", "antimony equivalents");
  for (std::size_t i = 0; i < ai_tasks; ++i)
    for (std::size_t s = 0; s < model_sizes; ++s) {
      const auto task = static_cast<AiTask>(i);
      if (!is_generative(task) && s > 0) continue;
      const Footprint f = inference_footprint(m, task, s);
      t.add_row({task_name(i), is_generative(task) ? model_size_names()[s] : "", f.kwh, eco_score(c, f.kwh),
                 f.use().gwp, f.embodied.gwp, f.use().water, f.embodied.water, f.total().primary_energy,
                 f.total().adpe});
    }
  return t;
}

Table task_table(const PortfolioModel& m, const std::vector<UseCase>& cases, const DemandTable& demand) {
  Table t("project.tasks.v1");
  t.title = fmt::format("The year {} by task", base_year);
  t.text("task").number("cases").number("inferences").number("energy", "kWh").number("share", "%");
  impact_columns(t);
  t.number("embodied_share", "%", "of carbon");
  const double all = sum(footprints(m, demand)).kwh;
  for (std::size_t i = 0; i < ai_tasks; ++i) {
    double n = 0, count = 0;
    Footprint f;
    for (std::size_t s = 0; s < model_sizes; ++s) {
      f += footprint(m, static_cast<AiTask>(i), s, demand[i][s]);
      n += demand[i][s].inferences;
    }
    for (const auto& u : cases) count += static_cast<std::size_t>(u.task) == i ? u.cases : 0;
    if (count <= 0) continue;
    const Criteria total = f.total();
    t.add_row({task_name(i), count, n, f.kwh, 100 * ratio(f.kwh, all), total.gwp, total.water, total.primary_energy,
               total.adpe, 100 * ratio(f.embodied.gwp, total.gwp)});
  }
  return t;
}

Table use_case_table(const PortfolioModel& m, const std::vector<UseCase>& cases) {
  Table t("project.use_cases.v1");
  t.title = "By use case";
  t.text("name").text("task").text("hosting").number("inferences").number("energy", "kWh");
  impact_columns(t);
  t.number("energy_per_inference", "Wh");
  for (const auto& u : cases) {
    const Footprint f = sum(footprints(m, demand_of(m, {u})));
    const Criteria total = f.total();
    t.add_row({u.name, task_name(static_cast<std::size_t>(u.task)), u.hosting == Hosting::cloud ? "cloud" : "owned",
               u.inferences(), f.kwh, total.gwp, total.water, total.primary_energy, total.adpe,
               1000 * ratio(f.kwh, u.inferences())});
  }
  return t;
}

Table scope_table(const Footprint& bought, const Footprint& own) {
  Table t("project.scopes.v1");
  t.title = "Where it belongs in a GHG Protocol inventory";
  t.caption =
      "location-based; a market-based Scope 2 needs the factors of your contracts. Certificates and avoided emissions "
      "are not netted here.";
  t.text("scope").text("category").text("what").number("carbon", "kgCO2e");
  t.add_row({"2", "electricity", "own machines, use", own.use().gwp});
  t.add_row({"3", "2 capital goods", "own machines, their making", own.embodied.gwp});
  t.add_row({"3", "1 purchased goods and services", "AI bought as a service: use and making", bought.total().gwp});
  return t;
}

Table scenario_table(const std::vector<Projected>& all, const Footprint& today) {
  Table t("project.scenarios.v1");
  t.title = fmt::format("Scenarios (indices: {} = 100)", base_year);
  t.text("scenario").text("set", "of parameters").integer("year").number("energy_index").number("carbon_index");
  t.number("water_index").number("primary_index", "", "of primary energy").number("adpe_index");
  t.number("energy", "kWh").number("carbon", "kgCO2e").number("water", "m3").number("adpe", "kg");
  for (const auto& p : all) {
    const Criteria now = today.total(), then = p.future.total();
    std::vector<Table::Cell> row{p.scenario.name, p.set, std::int64_t{p.scenario.year},
                                 100 * ratio(p.future.kwh, today.kwh)};
    for (std::size_t i = 0; i < ai_criteria; ++i) row.emplace_back(100 * ratio(then.at(i), now.at(i)));
    for (const double x : {p.future.kwh, then.gwp, then.water, then.adpe}) row.emplace_back(x);
    t.add_row(std::move(row));
  }
  return t;
}

Table deviation_table(const std::vector<Projected>& all, const Footprint& today) {
  Table t("project.deviations.v1");
  t.title = "Our indices by the published ones";
  t.caption = "published: the paper's index of energy; the others: how far ours is from its index";
  t.text("scenario").text("set", "of parameters").number("published").number("energy", "%").number("carbon", "%");
  t.number("water", "%").number("primary_energy", "%").number("adpe", "%");
  const auto off = [](double ours, double theirs) { return 100 * (ours / theirs - 1); };
  for (const auto& p : all) {
    if (!p.scenario.published) continue;
    const Criteria now = today.total(), then = p.future.total();
    std::vector<Table::Cell> row{p.scenario.name, p.set, p.scenario.published->energy,
                                 off(100 * ratio(p.future.kwh, today.kwh), p.scenario.published->energy)};
    for (std::size_t i = 0; i < ai_criteria; ++i)
      row.emplace_back(off(100 * ratio(then.at(i), now.at(i)), p.scenario.published->criteria.at(i)));
    t.add_row(std::move(row));
  }
  return t;
}

Figure path_figure(const std::vector<Projected>& all, const FamilyFootprints& today, double pue) {
  Figure f;
  f.title = "Carbon by scenario";
  f.caption = "constant yearly rates between today and the scenario's year";
  f.x = {"year", ""};
  f.y = {"carbon", "tCO2e", true};
  for (const auto& p : all) {
    Figure::Trace trace;
    trace.name = p.scenario.name;
    for (int year = base_year; year <= p.scenario.year; ++year) {
      trace.x.push_back(year);
      trace.y.push_back(project(at_year(p.scenario, year, pue), today, pue).total().gwp / 1000);
    }
    f.traces.push_back(std::move(trace));
  }
  return f;
}

Table agent_table(const Scenario& s, const FamilyFootprints& today, double pue) {
  Table t("project.agents.v1");
  t.title = fmt::format("How much hangs on the growth of agents ({})", s.name);
  t.caption = fmt::format("yearly growth of the use of agents, {} to {}; everything else as in the scenario", base_year,
                          s.year);
  t.number("agents_cagr", "%")
      .number("growth", "", "use by that of today")
      .number("energy_index")
      .number("carbon_index");
  t.number("carbon", "kgCO2e");
  const Footprint now = sum(today);
  for (int percent = 25; percent <= 65; percent += 5) {
    Scenario moved = s;
    const double growth = std::pow(1 + percent / 100.0, static_cast<double>(s.year - base_year));
    moved.growth[static_cast<std::size_t>(AiFamily::agents)] = growth;
    const Footprint then = project(moved, today, pue);
    t.add_row({static_cast<double>(percent), growth, 100 * ratio(then.kwh, now.kwh),
               100 * ratio(then.total().gwp, now.total().gwp), then.total().gwp});
  }
  return t;
}

Table target_table(const std::vector<Projected>& all, const Footprint& today, const TargetBasis& basis) {
  Table t("project.target.v1");
  t.title = fmt::format("What a cut of carbon by {:.4g} % would need", 100 * basis.cut);
  t.caption = fmt::format(
      "each alone closes the gap: hardware with a grid of {:.3g} of today's and a PUE of {:.3g} (back-cast as in the "
      "paper); else less use, or a cleaner grid, as in the scenario",
      basis.grid, basis.pue);
  t.text("scenario").text("parameters").number("hardware", "", "efficiency by today's").number("hardware_yearly", "%");
  t.number("hardware_assumed", "", "in the scenario").number("use", "%", "of the scenario's");
  t.number("grid", "%", "of today's");
  for (const auto& p : all) {
    const double energy = ratio(p.future.kwh, today.kwh);
    const double carbon = ratio(p.future.total().gwp, today.total().gwp);
    const double needed = hardware_needed(p.scenario, energy, basis.cut, basis.grid, basis.pue);
    const double years = p.scenario.year - base_year;
    t.add_row({p.scenario.name, p.set, needed, 100 * (std::pow(needed, 1 / years) - 1), p.scenario.hardware,
               100 * ratio(1 - basis.cut, carbon), 100 * p.scenario.grid * ratio(1 - basis.cut, carbon)});
  }
  return t;
}

Table tornado_table(const std::vector<Swing>& swings, double carbon) {
  Table t("project.tornado.v1");
  t.title = "One assumption at a time";
  t.caption = "each moved to the ends of its 95 % range (project.spread rows of the catalog), the others at rest";
  t.text("assumption").number("low_at").number("high_at").number("low", "kgCO2e").number("high", "kgCO2e");
  t.number("width", "%", "of the result as assumed");
  for (const auto& s : swings)
    t.add_row({lever_names()[static_cast<std::size_t>(s.lever)], s.low_at, s.high_at, s.low, s.high,
               100 * ratio(s.width(), carbon)});
  return t;
}

Figure tornado_figure(const std::vector<Swing>& swings, double carbon) {
  Figure f;
  f.kind = Figure::Kind::bar;
  f.title = "Width of the result by assumption";
  f.y = {"width", "tCO2e"};
  Figure::Trace trace;
  trace.name = fmt::format("of {:.3g} tCO2e", carbon / 1000);
  for (const auto& s : swings) {
    trace.x.push_back(static_cast<double>(f.categories.size()));
    trace.y.push_back(s.width() / 1000);
    f.categories.push_back(lever_names()[static_cast<std::size_t>(s.lever)]);
  }
  f.traces.push_back(std::move(trace));
  return f;
}

Table sobol_table(const study::SobolIndices& indices) {
  Table t("project.sobol.v1");
  t.title = "All assumptions at once (Sobol indices)";
  t.caption =
      "share of the variance: first order alone, total with what it does together with others; 95 % by bootstrap";
  t.text("assumption").number("first").number("first_low").number("first_high");
  t.number("total").number("total_low").number("total_high");
  std::vector<std::size_t> order(indices.of.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return indices.of[a].total > indices.of[b].total; });
  for (const auto i : order) {
    const auto& x = indices.of[i];
    t.add_row({lever_names()[i], x.first, x.first_interval.low, x.first_interval.high, x.total, x.total_interval.low,
               x.total_interval.high});
  }
  return t;
}

}  // namespace wattline::ledger
