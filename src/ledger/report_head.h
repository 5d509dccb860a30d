// What a report says of itself, so that it can be signed: the asked period apart from what was found in it,
// who made it, of which account, and the ends of the account's chains.
#pragma once

#include <string>

#include "ledger/account.h"
#include "ledger/report.h"

namespace wattline::ledger {

// "2026-11-01 until 2026-12-01", "2026-11-01 on", "all before 2026-12-01"; "" when none was asked for. UTC; the
// end is no part of it.
std::string asked_period(const RowsOptions&);

// The rows that entered and when the first began and the last ended ("" when none did).
struct ReportExtent {
  std::int64_t rows = 0;
  std::string begin, end;
};
// The table `page.head.v1` (kernel/page_head.h); `ledger` may be none.
Table report_head(const ReportOptions&, const Context&, const Ledger*, const ReportExtent&);

// "ACME, 2026-11-01 until 2026-12-01: " before a title, "" where neither was given. Error on an organisation
// that is no line of text.
std::string title_prefix(const ReportOptions&);

}  // namespace wattline::ledger
