// The rows of a report told apart by a key: as a table and as a figure.
#pragma once

#include <string>

#include "kernel/figure.h"
#include "kernel/table.h"
#include "ledger/report_sums.h"

namespace wattline::ledger {

// `ledger.groups.v1`, days and months in their order, other groups by their energy.
Table report_groups_table(const std::string& key, const ReportGroups&, const Impacts& all, Grids&);
Figure report_groups_figure(const std::string& key, const ReportGroups&, Grids&);

}  // namespace wattline::ledger
