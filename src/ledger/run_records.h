// The table `run.records.v1`: one row for each thing that was done and what it cost. Written by
// `ledger export` and `ledger slurm`; the format page is docs/formats/run-records.md.
#pragma once

#include <string>

#include "kernel/account.h"
#include "kernel/table.h"

namespace wattline::ledger {

Table run_records_table();
// `carbon` and `water` of this row alone.
void add_run_record(Table&, const Fact&, const Estimate<Carbon>& carbon, const Estimate<Volume>* water);

// "project=thesis;user=ann": ';', '=' and '\' in names and values are written "\;", "\=", "\\".
std::string labels_text(const std::vector<std::pair<std::string, std::string>>&);

}  // namespace wattline::ledger
