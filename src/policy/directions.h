// The map of the Workload-Router-Pool paper (arXiv 2603.21354): its 21 research directions and the cells of its
// interaction matrix, each with what of this program serves it, wholly or in part, or open.
#pragma once

#include <string>
#include <vector>

#include "kernel/claim.h"

namespace wattline::policy {

struct Direction {
  std::string kind;  // "direction" or "cell"
  std::string name;  // its number, or "router to pool"
  std::string title;
  enum class State { whole, part, open } state = State::open;
  std::vector<std::string> served;  // "algorithm by_length", "signal carbon", "wattline serve evaluate"
  std::string rest;  // what is open
};

const std::vector<Direction>& directions();
// One a direction and cell: holds where it is served wholly and what serves it is there, else open with what is.
std::vector<Claim> direction_claims();

}  // namespace wattline::policy
