// What `ledger materials` says: tables and figures.
#pragma once

#include "kernel/result.h"
#include "ledger/materials/element_table.h"
#include "ledger/materials/materials.h"

namespace wattline::ledger::materials {

Table grid_table(const Training&, const Data&);  // materials.grid.v1
Figure grid_figure(const Training&, const Data&);
Table levers_table(const Training&, const Data&);  // materials.levers.v1

// Elements of so many cards. `illustrative`: of the placeholder, and then every figure says the word.
struct ElementSet {
  const std::vector<Element>& elements;
  bool illustrative = false;
  Consumed cards;
};
Table elements_table(const ElementSet&);  // materials.elements.v1
Table classes_table(const ElementSet&);  // materials.classes.v1
Table rankings_table(const ElementSet&);  // materials.rankings.v1
Figure elements_figure(const ElementSet&);

}  // namespace wattline::ledger::materials
