// Software Carbon Intensity of what a disclosure describes (ISO/IEC 21031): ((E * I) + M) / R, from its own energies,
// intensity and manufacture. Pure.
//
//   training     E of the run with the PUE, M as disclosed                     R: the run
//   request      E of one request with the PUE; M of serving is not disclosed  R: the request
//   both         a request, and its share of the training over a year of requests (how to share is proposed by us)
//
// The intensity has to be location-based: market instruments do not lower an SCI.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernel/table.h"
#include "ledger/disclose/schema.h"

namespace wattline::ledger::disclose {

struct Sci {
  std::string scope, unit;  // "training", "run"
  std::optional<double> grams;  // for each unit; absent: not known
  std::string how;  // the numbers, or what is missing
};
std::vector<Sci> sci(const Json& manifest, const std::vector<Item>&);
Table sci_table(const std::vector<Sci>&);

// The carbon of the run as its figures give it, kg; absent where one of them is missing.
std::optional<double> recomputed_carbon(const Json& manifest, const std::vector<Item>&);

}  // namespace wattline::ledger::disclose
