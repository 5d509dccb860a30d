#include "ledger/training/run.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/error.h"

namespace wattline::ledger::training {
namespace {

void read_the_log(const TrainingReportOptions& o, const catalog::Factor& gain, TrainingRun& run) {
  const auto log = std::make_shared<const Log>(read_log(o.trace, o.gap.base()));
  run.log = log;
  run.begin = log->begin;
  run.end = log->end;
  run.seconds = log->duration();
  run.name = o.trace.name();
  run.spending = of_log(log, gain);
  run.device_energy = sum(run.spending(run.begin, run.end));
  if (!o.load.given()) return;
  const Spending processor = of_load(read_load(o.load.read(), o.load.name()), *o.cpu_tdp, o.gap.base());
  run.cpu_energy = sum(processor(Time{INT64_MIN}, Time{INT64_MAX}));
  run.spending = [devices = run.spending, processor](Time a, Time b) {
    Slices out = devices(a, b);
    append(out, processor(a, b));
    return out;
  };
}

void read_the_account(const TrainingReportOptions& o, const Context& context, Result& out, TrainingRun& run) {
  run.rows = chosen_rows(o.account, context, out);
  run.begin = run.rows.front().fact.begin;
  run.end = run.begin;
  for (const auto& row : run.rows) run.end = std::max(run.end, row.fact.end);
  run.seconds = busy_seconds(run.rows);
  run.name = run.rows.size() == 1 ? run.rows.front().fact.uid : fmt::format("{} rows", run.rows.size());
  run.spending = of_rows(run.rows);
}

}  // namespace

void check_run_options(const TrainingReportOptions& o) {
  const bool rows = o.account.any();
  if (rows && o.trace.given())
    throw bad_input("a power log and rows of the account are both given", "trace",
                    "a report is of one of them: leave the file, or --run, --where, --kind, --since, --until out");
  if (!rows && !o.trace.given())
    throw bad_input("nothing to report on", "trace",
                    "give a power log, or rows of the account: --run UID, or --where project=thesis");
  if (rows && (o.load.given() || o.baseline.given()))
    throw bad_input("rows of the account hold no samples", o.load.given() ? "cpu" : "baseline",
                    "this goes with a power log");
  if (o.load.given() && !o.cpu_tdp)
    throw bad_input("a log of load gives no energy by itself", "cpu-tdp",
                    "give the processor's design power: --cpu-tdp 105W");
  if (o.run.epochs > 0 && o.marks.given())
    throw bad_input("the marks say which epochs there are", "epochs", "leave --epochs or --marks out");
}

TrainingRun read_run(const TrainingReportOptions& o, const catalog::Factor& gain, const Context& context, Result& out) {
  TrainingRun run;
  if (o.trace.given()) read_the_log(o, gain, run);
  else read_the_account(o, context, out, run);
  run.energy = sum(run.spending(Time{INT64_MIN}, Time{INT64_MAX}));
  if (!o.run.name.empty()) run.name = o.run.name;
  return run;
}

}  // namespace wattline::ledger::training
