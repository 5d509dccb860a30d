// The server around the cards, from parts (BoaviztaAPI's figures, three categories): the paper counts the
// cards alone, so this stands beside the sixteen categories and never in them. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ledger/lca/data.h"

namespace wattline::ledger::lca {

struct ServerOptions {
  std::optional<double> share;  // of the server that one card answers for; none: no server is counted
  std::int64_t processors = 2, power_supplies = 2, disks = 0;
  std::optional<Area> processor_area;  // dies of one processor
  Bytes memory{0}, flash{0};
};

struct ServerLine {
  std::string part;
  double count = 0;
  std::string unit;  // "pieces", "cm2", ...
  Scores scores = not_assessed();
};
struct Server {
  std::vector<ServerLine> lines;
  Scores total = not_assessed();  // of the whole server
  std::vector<FactorUse> factors;
  std::vector<std::string> warnings;
};
Server server_of(const ServerOptions&, const Data&);

}  // namespace wattline::ledger::lca
