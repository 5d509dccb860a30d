// Executes the runs of a plan under the meter, one after the other, each recorded before the next begins.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "kernel/context.h"
#include "meter/experiment/plan.h"

namespace wattline::meter {

struct SeriesSettings {
  RunSettings run;
  std::optional<Duration> cool_down;  // to wait before each run
  std::size_t warm_up = 0;  // runs of each kind first that are not recorded
  std::optional<std::size_t> most;  // no more than so many this time
  bool keep_going = false;  // record a run that failed, and go on
  std::function<void(const PlannedRun&, const RunEnergy&)> recorded;
};

struct SeriesOutcome {
  std::size_t done_before = 0, done_now = 0, left = 0;
  int interrupted_by = 0;  // signal
  std::optional<RunRecord> failed;  // that ended the series
  std::string not_started;  // why
  int not_started_code = 0;
  std::vector<std::string> warnings;  // once each
  std::vector<FactorUse> factors;
  std::string device;
  bool cpu_measured = false;
};

// A run that a signal interrupted is not recorded. Error as run_metered's and the file's.
SeriesOutcome execute(const Plan&, RecordsFile&, const SeriesSettings&, const catalog::Catalog&, const Context&);

}  // namespace wattline::meter
