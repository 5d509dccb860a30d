// A training run as it was read: of a power log, or of rows of the account.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kernel/units.h"
#include "ledger/training/log.h"
#include "ledger/training/report.h"
#include "ledger/training/spending.h"

namespace wattline::ledger::training {

struct TrainingRun {
  std::shared_ptr<const Log> log;  // null: rows
  std::vector<Row> rows;
  std::string name;
  Time begin, end;
  double seconds = 0;  // in which something ran
  Spending spending;
  Estimate<Energy> energy, device_energy;  // of all; of the devices of a log
  std::optional<Estimate<Energy>> cpu_energy;  // beside a log of devices

  // What stands below another has its unit, small rows apart.
  const char* unit() const {
    return energy.value() >= 1 * units::kWh ? "kWh" : energy.value() >= 0.1 * units::Wh ? "Wh" : "";
  }
};

// Error bad_input for options that contradict each other or ask for nothing.
void check_run_options(const TrainingReportOptions&);
// `gain`: the error of the driver's power. The result is told of rows that are not to be had.
TrainingRun read_run(const TrainingReportOptions&, const catalog::Factor& gain, const Context&, Result&);

}  // namespace wattline::ledger::training
