// What carbon compares to, and the calculator's way of writing energies, carbon and equivalences.
// Reference values come from one data version; mixing versions is the caller's fault.
#pragma once

#include <string>
#include <vector>

#include "catalog/green_algorithms.h"

namespace wattline::ledger {

std::string energy_text(double kwh);  // "1.37 kWh", "12.50 Wh", "2.10 MWh"
std::string carbon_text(double grams);  // "648.89 gCO2e", "1.20 kgCO2e"

struct Equivalence {
  std::string name;  // "tree", "car_eu" ...
  double value = 0;
  std::string unit;  // "tree-month", "km", "flight", "h", ""
  std::string text;  // "0.71 tree-months"
};
std::vector<Equivalence> equivalences(double grams, const catalog::GreenAlgorithms&);

}  // namespace wattline::ledger
