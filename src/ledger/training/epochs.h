// The epochs of a run, each with its energy and carbon, and what they foretell of a run of more of them.
#pragma once

#include <vector>

#include "kernel/result.h"
#include "ledger/training/footprint.h"
#include "ledger/training/marks.h"
#include "ledger/training/spending.h"

namespace wattline::ledger::training {

struct EpochCost {
  std::string name;
  Time begin, end;  // from the first of its spans to the last
  double seconds = 0;  // of its spans
  Estimate<Energy> energy;
  Estimate<Carbon> carbon;
  bool whole = true;
};
std::vector<EpochCost> costs(const std::vector<Epoch>&, const Spending&, Footprint&);
// Rows that carry a label `epoch`, one or several an epoch; in the order in which they began.
std::vector<EpochCost> costs_by_label(const std::vector<Row>&, Footprint&);
bool has_epochs(const std::vector<Row>&);

// `all`: of the whole run; what is of no epoch stands in a last line.
Table epochs_table(const std::vector<EpochCost>&, const Estimate<Energy>& all);
Table phases_table(const std::vector<EpochCost>&, const Estimate<Energy>& all);
Figure epochs_figure(const std::vector<EpochCost>&);
// Joules of those that are whole.
std::vector<double> whole_ones(const std::vector<EpochCost>&);

}  // namespace wattline::ledger::training
