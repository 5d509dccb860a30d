#include "ledger/training/report.h"

#include <algorithm>

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "kernel/units.h"
#include "ledger/training/epoch_report.h"
#include "ledger/training/run_audit.h"
#include "ledger/training/run_files.h"

namespace wattline::ledger::training {
namespace {

void totals(const TrainingReportOptions& o, const TrainingRun& run, const Impacts& impacts, const Footprint& footprint,
            Result& out) {
  const Measure energy = run.energy.measure(run.unit());
  out.title = fmt::format("{}: {} {} over {}", run.name, format_number(energy.value), energy.unit,
                          to_string(Duration(run.seconds)));
  out.estimate("energy", "Energy", run.energy, run.unit(),
               !run.log         ? "of the rows, as they were metered"
               : run.cpu_energy ? "devices and processor"
                                : "of the devices in the log; nothing else");
  if (run.cpu_energy) {
    out.estimate("gpu_energy", "of the devices", run.device_energy, run.unit());
    out.estimate("cpu_energy", "of the processor", *run.cpu_energy, run.unit(),
                 "load times design power, right to half");
  }
  out.estimate("carbon", "Carbon", impacts.carbon, {},
               footprint.hourly() ? fmt::format("energy x PUE x intensity; {:.4g} % of the energy by the hour",
                                                100 * footprint.covered())
                                  : "energy x PUE x intensity");
  out.estimate("water", "Water", impacts.water);
  if (o.price.base() > 0) out.estimate("cost", "Cost", impacts.facility * Estimate<EnergyPrice>::exact(o.price));
  if (run.seconds > 0 && !run.log)
    out.estimate("duration", "Time", Estimate<Duration>::exact(Duration(run.seconds)), {},
                 fmt::format("in which something ran, from {} to {}", to_string(run.begin), to_string(run.end)));
}

void show_the_log(const TrainingReportOptions& o, const Log& log, Result& out) {
  out.add(devices_table(log));
  out.add(power_figure(log));
  if (log.all.samples >= 50) out.add(projection_table(log, o.first));
  if (o.baseline.given()) add_comparison(out, log, read_log(o.baseline, o.gap.base()));
}

void tell_of_the_log(const TrainingRun& run, const catalog::Factor& gain, Result& out) {
  const auto& t = run.log->trace;
  const auto& all = run.log->all;
  out.note(
      fmt::format("Read as {}: {} rows, {} samples used; {} cut short, {} unreadable, {} twice, {} out of order were "
                  "dropped; {} gaps of {} held at the value before them.",
                  t.style, t.rows, all.samples, t.cut, t.unreadable, t.duplicates, t.backward, all.gaps,
                  to_string(Duration(all.gap_seconds))));
  if (!run.cpu_energy)
    out.warn("the log is of the devices alone: processor, memory and the rest of the machine are not in it");
  if (all.gaps) out.warn(fmt::format("{} lie in gaps of the log", to_string(Energy(all.gap_joules))));
  out.use(gain.use());
}

void tell_of_rows(const TrainingReportOptions& o, const TrainingRun& run, Result& out) {
  OwnPues pues;
  for (const auto& row : run.rows) pues.see(row.fact, 1);
  pues.tell(out);
  const auto placeless =
      std::count_if(run.rows.begin(), run.rows.end(), [](const Row& r) { return r.fact.place.empty(); });
  if (o.place.place.empty() && placeless > 0)
    out.warn(fmt::format("{} of {} rows name no place: the world average is taken; --place names theirs", placeless,
                         run.rows.size()));
}

}  // namespace

Result training_report(const TrainingReportOptions& o, Context& context) {
  const auto& catalog = context.get<catalog::Catalog>();
  Footprint footprint(o.place, o.hourly, context);
  const auto& gain = catalog.factor("meter.nvml.gain");
  check_run_options(o);
  Result out;
  const TrainingRun run = read_run(o, gain, context, out);
  const Impacts impacts = footprint.of(run.spending(Time{INT64_MIN}, Time{INT64_MAX}), true);
  totals(o, run, impacts, footprint, out);
  tell_of_epochs(o, run, impacts, footprint, out);
  if (o.run.quality && *o.run.quality > 0)
    out.note(fmt::format("{} {}: {} for each point of a hundred.", o.run.quality_name, format_number(*o.run.quality),
                         to_string(run.energy.value() / (100 * *o.run.quality))));
  if (run.log) show_the_log(o, *run.log, out);
  else out.add(rows_table(run.rows));
  audit_run(o.claimed, run, impacts, catalog, out);
  if (run.log) tell_of_the_log(run, gain, out);
  else tell_of_rows(o, run, out);
  if (run.log)
    for (const auto& w : footprint.site_of({}).warnings) out.warn(w);
  footprint.tell(out);
  write_run_files(o, run, impacts, footprint, catalog);
  return out;
}

}  // namespace wattline::ledger::training
