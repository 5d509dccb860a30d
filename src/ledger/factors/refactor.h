// The capability `ledger refactor`: the same rows under two catalogs. Facts stay; carbon and water are derived with
// both, and the difference is told by place, with the factors that differ.
#pragma once

#include <string>

#include "kernel/capability.h"
#include "ledger/account.h"
#include "ledger/report.h"

namespace wattline::ledger {

struct RefactorOptions {
  RowsOptions rows;
  std::string against, old;  // folders with override files
  double threshold = 5;  // % of the carbon
  ReportSiteOptions site;
};

Result refactor(const RefactorOptions&, Context&);
Capability refactor_capability();

}  // namespace wattline::ledger
