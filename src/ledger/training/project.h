// What a whole run will take, from its first epochs: E = mean per epoch x N, as carbontracker does (Anthony, Kanding,
// Selvan 2020), with the interval of a prediction from the spread between epochs.
#pragma once

#include <optional>
#include <vector>

#include "kernel/estimate.h"
#include "kernel/series.h"

namespace wattline::ledger::training {

struct Projection {
  double value = 0;
  Interval interval;  // 95 %; NaN where fewer than two epochs were seen
  std::size_t seen = 0;  // epochs (or equal parts) that it is made of
};
// Of `total` epochs from the values of those seen; the first is left out as warm-up where three or more are there.
// The error of a total is that of the mean, total * s / sqrt(m), and the scatter of the epochs to come, both with
// Student's t. Drift (a run that grows slower) is not in it.
Projection project(const std::vector<double>& seen, double total, bool skip_first = true);

}  // namespace wattline::ledger::training
