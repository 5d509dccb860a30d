// A training run as the account has it: rows of `wattline run` and of others, chosen by their names or by what they
// have in common.
#pragma once

#include <string>
#include <vector>

#include "kernel/context.h"
#include "kernel/result.h"
#include "kernel/table.h"
#include "ledger/account.h"

namespace wattline::ledger::training {

struct RowChoice {
  std::vector<std::string> runs;  // uids, or numbers of the chain, as `ledger show` takes them
  RowsOptions rows;
  bool any() const;
};

// In order of their beginning, sealed ones among them; the result is told of those in files that are not here. Errors:
// nothing is recorded, an unknown or corrected row, no row of that choice, more
// than a hundred thousand, both ways of choosing at once.
std::vector<Row> chosen_rows(const RowChoice&, const Context&, Result&);

// When any of them ran, and what there is of each.
double busy_seconds(const std::vector<Row>&);
Table rows_table(const std::vector<Row>&);

}  // namespace wattline::ledger::training
