// The capability `ledger budget`: what of a budget of energy, carbon, water or money is used in the calendar period
// that runs, how it will end if it goes on so, and when it runs out.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernel/capability.h"
#include "ledger/report.h"

namespace wattline::ledger {

struct BudgetOptions {
  std::optional<Energy> energy;  // with the site's overhead
  std::optional<Carbon> carbon;
  std::optional<Volume> water;
  std::optional<double> money;  // of the electricity, in the currency of `price`
  std::optional<double> price;  // per kWh
  std::string currency = "EUR";
  int per = 0;  // Period
  std::vector<std::string> where;
  std::string kind, at;
  ReportSiteOptions site;
};

Result budget(const BudgetOptions&, Context&);
Capability budget_capability();

}  // namespace wattline::ledger
