// The capability `ledger project`: what a company's use of AI costs, today and by 2030.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernel/capability.h"
#include "ledger/account.h"
#include "ledger/project/environment_return.h"
#include "ledger/project/scenario.h"

namespace wattline::ledger {

struct PortfolioOptions {
  InputFile use_cases, token_log;
  bool from_ledger = false;
  std::vector<std::string> region;  // "Europe=0.6"
  bool whole_embodied = false;
};
struct ScenarioOptions {
  InputFile scenarios;
  ParameterSet parameters = ParameterSet::fitted;
  std::string scenario;  // the one that is looked at closely
  std::optional<double> cut;  // of carbon, 0 to 1
};
enum class SensitivityKind { both, tornado, sobol, none };
struct SensitivityOptions {
  SensitivityKind kind = SensitivityKind::both;
  std::int64_t samples = 1024;
};
struct ProjectOptions {
  PortfolioOptions portfolio;
  RowsOptions rows;
  ScenarioOptions scenario;
  SensitivityOptions sensitivity;
  ReturnOptions environment;
};

Result project_portfolio(const ProjectOptions&, Context&);
Capability project_capability();

}  // namespace wattline::ledger
