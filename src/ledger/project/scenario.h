// A portfolio in 2030 (or a year of the user's): what growth, larger models, longer answers, better hardware, PUE and
// grids make of today's footprint. After C. Desroches et al., arXiv 2501.14334, as fitted to its published indices:
//
//   energy factor = growth * size * output * (PUE' / PUE) / (hardware * quantisation)
//
// by family; size, output and quantisation are of generative AI alone. Carbon and primary energy follow the grid factor
// in full; water and ADPe only in their electricity, embodied parts follow the energy.
// Two sets of figures: fitted to the published indices, and as the paper's text says (their names end in _text).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/project/use_cases.h"

namespace wattline::ledger {

enum class ParameterSet { fitted, text };

struct Scenario {
  std::string name;
  std::array<double, ai_families> growth{1, 1, 1, 1, 1};  // use in `year` by use in 2024
  double hardware = 1, size = 1, output = 1, quantisation = 1;
  double pue = 1.15, grid = 1, embodied = 1;
  int year = 2030;
  // Indices of the paper, 2024 = 100: energy, then as Criteria.
  struct Published {
    double energy = 0;
    Criteria criteria;
  };
  std::optional<Published> published;
};
inline constexpr int base_year = 2024;

std::vector<Scenario> published_scenarios(const catalog::Catalog&, ParameterSet);
// docs/formats/portfolio.md. Growth is a CAGR (%) by family; what a row leaves out stays as today.
std::vector<Scenario> read_scenarios(std::string_view content, const std::string& where, const PortfolioModel&);

// What a family's energy is multiplied by.
double energy_factor(const Scenario&, AiFamily, double pue_today);
Footprint project(const Scenario&, const FamilyFootprints& today, double pue_today);
FamilyFootprints project_families(const Scenario&, const FamilyFootprints& today, double pue_today);
// The scenario on its way: every factor after so many of its years, at constant yearly rates.
Scenario at_year(const Scenario&, double year, double pue_today);

// Efficiency of hardware (by 2024) with which carbon ends `cut` below today's, grid and PUE being as given.
double hardware_needed(const Scenario&, double energy_ratio, double cut, double grid, double pue);

}  // namespace wattline::ledger
