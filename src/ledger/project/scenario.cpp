#include "ledger/project/scenario.h"

#include <cmath>

#include <fmt/format.h>

#include "ledger/project/user_rows.h"

namespace wattline::ledger {
namespace {

const std::vector<UserColumn>& scenario_columns() {
  static const std::vector<UserColumn> columns{{"scenario", "", true},
                                               {"year", "", false},
                                               {"agents_cagr", "%", false},
                                               {"genai_other_cagr", "%", false},
                                               {"computer_vision_cagr", "%", false},
                                               {"nlp_cagr", "%", false},
                                               {"tabular_cagr", "%", false},
                                               {"hardware", "", false},
                                               {"size", "", false},
                                               {"output", "", false},
                                               {"quantisation", "", false},
                                               {"pue", "", false},
                                               {"grid", "", false},
                                               {"embodied", "", false}};
  return columns;
}

}  // namespace

std::vector<Scenario> published_scenarios(const catalog::Catalog& c, ParameterSet set) {
  static constexpr const char* levels[] = {"low", "mid", "high"};
  const auto get = [&](const std::string& id) { return factor_in(c, id); };
  std::vector<Scenario> out;
  for (const char* name : {"steady_adoption", "high_adoption", "limited_growth", "breakthrough", "intermediate"}) {
    const std::string stem = fmt::format("project.scenario.{}.", name);
    const auto chosen = [&](const std::string& what, double otherwise) {
      for (const auto& f : c.factors())
        if (set == ParameterSet::text && f.id == stem + what + "_text") return f.value;
      for (const auto& f : c.factors())
        if (f.id == stem + what) return f.value;
      return otherwise;
    };
    Scenario s;
    s.name = name;
    const auto level = static_cast<std::size_t>(std::clamp(get(stem + "growth"), 0.0, 2.0));
    for (std::size_t f = 0; f < ai_families; ++f)
      s.growth[f] = get(fmt::format("project.growth.{}.{}", ai_family_names()[f], levels[level]));
    s.hardware = get(stem + "hardware");
    s.size = get(stem + "size");
    s.output = chosen("output", 1);
    s.quantisation = get(stem + "quantisation");
    s.pue = chosen("pue", 1);
    s.grid = get(stem + "grid");
    if (set == ParameterSet::fitted) s.embodied = chosen("embodied", 1);
    s.published = Scenario::Published{get(stem + "published_energy"),
                                      {get(stem + "published_gwp"), get(stem + "published_water"),
                                       get(stem + "published_primary_energy"), get(stem + "published_adpe")}};
    out.push_back(std::move(s));
  }
  return out;
}

std::vector<Scenario> read_scenarios(std::string_view content, const std::string& where, const PortfolioModel& m) {
  std::vector<Scenario> out;
  for (const auto& row : read_user_rows(content, where, scenario_columns())) {
    Scenario s;
    s.name = row.text("scenario");
    for (const auto& other : out)
      if (other.name == s.name) row.fail("scenario", fmt::format("'{}' is there twice", s.name));
    const double year = row.number_or("year", base_year + 1, 2100, 2030);
    if (year != std::floor(year)) row.fail("year", fmt::format("'{}' is no whole year", row.text("year")));
    s.year = static_cast<int>(year);
    for (std::size_t f = 0; f < ai_families; ++f)
      s.growth[f] = std::pow(1 + row.number_or(ai_family_names()[f] + "_cagr", -0.99, 10, 0),
                             static_cast<double>(s.year - base_year));
    for (const auto& [column, member] : {std::pair{"hardware", &Scenario::hardware},
                                         {"size", &Scenario::size},
                                         {"output", &Scenario::output},
                                         {"quantisation", &Scenario::quantisation},
                                         {"embodied", &Scenario::embodied}})
      s.*member = row.number_or(column, 1e-6, 1e6, 1);
    s.pue = row.number_or("pue", 1, 20, m.pue);
    s.grid = row.number_or("grid", 0, 10, 1);
    out.push_back(std::move(s));
  }
  return out;
}

double energy_factor(const Scenario& s, AiFamily family, double pue_today) {
  const double growth = s.growth[static_cast<std::size_t>(family)];
  const bool generative = family == AiFamily::agents || family == AiFamily::genai_other;
  return growth * (generative ? s.size * s.output / s.quantisation : 1) * (s.pue / pue_today) / s.hardware;
}

FamilyFootprints project_families(const Scenario& s, const FamilyFootprints& today, double pue_today) {
  FamilyFootprints out{};
  for (std::size_t f = 0; f < ai_families; ++f) {
    const double by = energy_factor(s, static_cast<AiFamily>(f), pue_today);
    Footprint& to = out[f];
    to.kwh = today[f].kwh * by;
    to.electricity = today[f].electricity * (by * s.grid);
    to.cooling = today[f].cooling * by;
    to.embodied = today[f].embodied * (by * s.embodied);
    // Cooling and making are decarbonised with the grid: the published carbon and primary energy follow it in full.
    to.cooling.gwp = today[f].cooling.gwp * by * s.grid;
    to.cooling.primary_energy = today[f].cooling.primary_energy * by * s.grid;
    to.embodied.gwp = today[f].embodied.gwp * by * s.grid;
    to.embodied.primary_energy = today[f].embodied.primary_energy * by * s.grid;
  }
  return out;
}

Footprint project(const Scenario& s, const FamilyFootprints& today, double pue_today) {
  return sum(project_families(s, today, pue_today));
}

Scenario at_year(const Scenario& s, double year, double pue_today) {
  const double share = (year - base_year) / static_cast<double>(s.year - base_year);
  Scenario out = s;
  for (double& g : out.growth) g = std::pow(g, share);
  for (auto member : {&Scenario::hardware, &Scenario::size, &Scenario::output, &Scenario::quantisation, &Scenario::grid,
                      &Scenario::embodied})
    out.*member = std::pow(out.*member, share);
  out.pue = pue_today * std::pow(s.pue / pue_today, share);
  return out;
}

double hardware_needed(const Scenario& s, double energy_ratio, double cut, double grid, double pue) {
  return s.hardware * energy_ratio * grid * (pue / s.pue) / (1 - cut);
}

}  // namespace wattline::ledger
