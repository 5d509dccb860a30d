// One period held against another: what changed, where what both share in uncertainty (a factor) cancels.
#pragma once

#include <string>

#include "kernel/table.h"
#include "ledger/impacts/primary.h"
#include "ledger/report.h"
#include "ledger/report_sums.h"

namespace wattline::ledger {

// The rows of the other period, as `--against` names it. Error bad_input when it is none.
RowsOptions other_rows(const ReportOptions&);
// "2026-10-01 to 2026-11-01"
std::string period_text(const RowsOptions&);

struct ReportPeriod {
  const ReportSum& sum;
  const ReportGroups& groups;  // by the first key
  const PrimarySums& primary;
};
// `ledger.comparison.v1`; `key` is that of the groups.
Table comparison_table(const ReportPeriod& now, const ReportPeriod& before, const std::string& key, Grids&);

}  // namespace wattline::ledger
