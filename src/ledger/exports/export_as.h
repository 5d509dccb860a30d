// `ledger export-as`: the account in the forms of other programs, to standard output or a file.
#pragma once

#include <string>
#include <vector>

#include "kernel/capability.h"
#include "ledger/account.h"

namespace wattline::ledger {

enum class ExportForm { codecarbon, prometheus, csv, json };
struct ExportAsOptions {
  ExportForm form = ExportForm::codecarbon;
  std::string to;
  RowsOptions rows;
  std::string place;
  std::vector<std::string> labels;
};

Result export_as(const ExportAsOptions&, Context&);
Capability export_as_capability();

}  // namespace wattline::ledger
