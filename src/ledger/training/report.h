// The capability `ledger training-report`: from the power log of a training run, or its rows in the account, to a report that anyone can check
// (paper 37: Usmanova, Huang, Banerjee, Usbeck, arXiv 2408.01453), with an audit of figures that were claimed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "catalog/place_options.h"
#include "kernel/capability.h"
#include "kernel/claim.h"
#include "ledger/training/account_rows.h"

namespace wattline::ledger::training {

struct ClaimedOptions {
  std::optional<Energy> energy;
  std::optional<Carbon> carbon;
  std::optional<Duration> duration;
};
struct RunOptions {
  std::string name, model, task;
  double parameters = 0;
  std::int64_t epochs = 0, planned_epochs = 0;
  std::optional<double> quality;
  std::string quality_name = "quality";
};
struct TrainingReportOptions {
  InputFile trace, load, baseline;
  RowChoice account;  // instead of a trace
  InputFile marks;
  bool hourly = false;  // carbon with the intensity of the hours, where a series covers them
  std::optional<Power> cpu_tdp;
  Duration gap{10};
  double first = 20;  // % of the trace
  EnergyPrice price{0};
  RunOptions run;
  ClaimedOptions claimed;
  catalog::PlaceOptions place;
  std::string codecarbon, boamps;  // files to write
};

Result training_report(const TrainingReportOptions&, Context&);
Capability training_report_capability();
std::vector<Claim> training_report_claims();

}  // namespace wattline::ledger::training
