// Which rows the options of a capability mean, read and checked.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ledger/account.h"

namespace wattline::ledger {

struct RowChoice {
  Query query;
  std::vector<std::string> kinds;  // several; the query's alone when empty
  std::vector<std::pair<std::string, std::string>> where;

  // Of what the query has chosen.
  bool holds(const Row&) const;
  // Of any row: also what the query asks, but for corrections.
  bool holds_all(const Row&) const;
};

// Error names the option: a kind that no row has, a period without a length, no NAME=VALUE.
RowChoice row_choice(const RowsOptions&, const Ledger&);

}  // namespace wattline::ledger
