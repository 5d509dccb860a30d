// The parts of `ledger air`, each without input or output; for its files alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "kernel/result.h"
#include "ledger/air/air.h"

namespace wattline::ledger {

// tonnes of CO2 a year: IT power * utilisation * PUE * 8760 h * factor.
double site_tonnes(double megawatts, double utilisation, double pue, double tonnes_per_mwh);

// What a year of tests and outages of the fleet emits.
struct GeneratorYear {
  physics::GeneratorFleet fleet;
  std::vector<physics::GeneratorRun> tests;
  physics::GeneratorRun outages;
  physics::Grams by_tests{}, by_outages{}, potential{};
  double test_hours = 0;  // of each
  std::vector<std::string> assumed;
  std::vector<FactorUse> factors;
};
GeneratorYear generator_year(const AirGeneratorOptions&, const catalog::Catalog&);

// A row of a user's table of construction, embodied, commuting and other parts, tonnes a year.
struct Activity {
  std::string part, what;
  physics::Pollutant pollutant = physics::Pollutant::co2;
  double tonnes = 0;
};
// CSV: part, what, amount, pollutant, factor_kg (kg for each of the amount), years (over which it is spread; 1).
// Error bad_input with file:line.
std::vector<Activity> read_activities(std::string_view content, std::string_view where);

// A measure: what share of each pollutant it leaves, by site electricity and generators.
struct Mitigation {
  std::string name;
  double electricity = 1;  // of the carbon dioxide of electricity
  physics::Grams generators{1, 1, 1, 1, 1, 1};
  std::optional<double> cost;  // USD
};
// CSV: measure, applies_to (electricity, generators), pollutant (or all), reduction [%], cost_usd.
std::vector<Mitigation> read_measures(std::string_view content, std::string_view where);

void add_plume(Result&, const AirOptions&, const GeneratorYear&, const catalog::Catalog&);
void add_region(Result&, const AirOptions&, double tonnes_per_mwh, const std::string& factor_name);

// The factor (t/MWh) that so many Mt a year from a load in GW imply.
double implied_factor(double megatonnes, double gigawatts, double use);

}  // namespace wattline::ledger
