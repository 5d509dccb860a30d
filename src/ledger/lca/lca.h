// The capability `ledger lca`: cradle to grave of a GPU, over its life or for a run on it, in the sixteen
// categories of the Environmental Footprint.
// Source: S. Falk, D. Ekchajzer, T. Pirson and others, More than Carbon, arXiv 2509.00093.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernel/capability.h"
#include "ledger/lca/life_cycle.h"
#include "ledger/lca/server.h"

namespace wattline::ledger::lca {

enum class ClimateOf { place, table, table_fossil };

// What the card is made of, where the catalog does not have it; each given figure stands over the catalog's.
struct CardOptions {
  std::optional<Mass> mass, casing, heatsink;
  std::optional<Area> board, chip;
  std::optional<double> memory_packages;
  std::string memory_type;
  InputFile unit_factors;
};
struct RunOptions {
  std::optional<Duration> card_time;  // device time: cards times hours; none: the whole life of a card
  std::optional<Energy> energy;  // at the cards
  std::optional<Power> power;
  double cards = 1;
};
struct LifeOptions {
  std::optional<double> years, utilisation;
  Allocation allocation = Allocation::time;
  std::optional<double> air_km, sea_km, road_km;
};
struct SiteOptions {
  std::string place;
  std::optional<CarbonIntensity> intensity;
  std::optional<double> pue;
  ClimateOf climate = ClimateOf::place;
};
struct LcaOptions {
  std::string card;
  RunOptions run;
  LifeOptions life;
  SiteOptions site;
  CardOptions parts;
  ServerOptions server;
  bool validate = false;
};

const Fields<LcaOptions>& lca_fields();
Result lca(const LcaOptions&, Context&);
Capability lca_capability();

}  // namespace wattline::ledger::lca
