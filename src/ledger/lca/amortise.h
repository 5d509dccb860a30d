// Manufacture of a device charged to a time of use, for the impacts of ledger rows: the card's parts,
// distribution and end of life, by the hours of its life (time / (years * 8,760 h * utilisation)).
// Pure; nothing for devices that are not documented: unknown is not zero.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kernel/estimate.h"
#include "ledger/lca/data.h"
#include "ledger/lca/life_cycle.h"

namespace wattline::ledger::lca {

struct Amortised {
  std::string card;  // the documented card that the device is
  double lives = 0;  // share of one card's life
  Estimate<Carbon> climate;
  RawEstimate minerals;  // kg Sb eq (ADPe)
  Estimate<Energy> fossil_energy;  // ADPf
  Estimate<Energy> primary_energy;  // total
  // m3 world eq deprived, of the end of life most of all: weighted by scarcity, so never added to litres.
  RawEstimate water_deprivation;
};

// Prepared once, asked for each row.
class Amortiser {
 public:
  explicit Amortiser(std::shared_ptr<const Data>, const std::optional<Life>& = {});
  // `device`: a name of the catalog or of lca_cards.csv. The errors of one card's rows are shared, by the
  // factor "lca.card.NAME".
  std::optional<Amortised> of(std::string_view device, Duration use) const;
  const Life& life() const { return life_; }
  std::optional<FactorUse> use_of(std::string_view device) const;  // for Result::use

 private:
  struct PerLife {
    std::string card;
    Scores value{}, sd{};
  };
  PerLife per_life(const Card&) const;

  std::shared_ptr<const Data> data_;
  Life life_;
  std::vector<PerLife> cards_;  // in the order of data's; name empty: not documented whole
};

}  // namespace wattline::ledger::lca
