// From options to the numbers of the model: which card, what of it is its own and what is modelled, which
// electricity, how far each figure may be off.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ledger/lca/card_model.h"
#include "ledger/lca/lca.h"

namespace wattline::ledger::lca {

struct Resolved {
  std::shared_ptr<const Data> data;
  Card card;
  bool parametric = false;
  Life life;
  bool whole_life = true;  // of cards, else a run
  double card_hours = 0;  // of all cards
  double card_kwh = 0;  // at the cards
  double life_power_w = 0;
  bool power_modelled = false;
  double pue = 1;
  std::string place;  // code
  std::string climate_from;  // in words
  CycleInput input;
  CycleSpread spread;
  Allocation allocation = Allocation::time;
  std::vector<FactorUse> factors;
  std::vector<std::string> warnings, notes;

  // The same with another length of life.
  CycleInput with_life(double years) const;
};
// Errors: not_found for a card that is not known, bad_input for one whose fields are missing (it names
// them) or options that do not go together.
Resolved resolve(const LcaOptions&, const catalog::Catalog&);

}  // namespace wattline::ledger::lca
