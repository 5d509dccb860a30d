#include "ledger/training/run_files.h"

#include <map>

#include <fmt/format.h>

#include "kernel/write_whole.h"
#include "ledger/training/export.h"

namespace wattline::ledger::training {
namespace {

// Of the rows, where they agree on one; else that of the report.
std::string common_place(const TrainingRun& run) {
  for (const auto& row : run.rows)
    if (row.fact.place != run.rows.front().fact.place) return {};
  return run.rows.empty() ? "" : run.rows.front().fact.place;
}

void add_devices(const TrainingRun& run, const catalog::Catalog& catalog, ExportedRun& out) {
  if (run.log) {
    const Log& log = *run.log;
    out.gpu_joules = log.all.joules;
    for (std::size_t i = 0; i < log.each.size(); ++i)
      out.devices.push_back({log.trace.devices[i].name, log.each[i].joules, mean_load(log.trace.devices[i])});
    return;
  }
  std::map<std::string, double> joules;
  for (const auto& row : run.rows) joules[row.fact.device] += row.fact.energy.value().base();
  for (const auto& [device, of_it] : joules) {
    const auto* card = catalog.find_device(device);
    (card && card->kind == catalog::DeviceKind::gpu ? out.gpu_joules : out.cpu_joules) += of_it;
    out.devices.push_back({device, of_it, -1});
  }
}

}  // namespace

void write_run_files(const TrainingReportOptions& o, const TrainingRun& run, const Impacts& impacts,
                     Footprint& footprint, const catalog::Catalog& catalog) {
  if (o.codecarbon.empty() && o.boamps.empty()) return;
  const catalog::Grid& site = footprint.site_of(common_place(run));
  ExportedRun out;
  out.id = fmt::format("{}-{}", run.name, to_string(run.begin));
  out.name = run.name;
  out.model = o.run.model;
  out.task = o.run.task;
  out.place = site.place;
  const auto* known = catalog.find_place(out.place);
  if (known && out.place != "WORLD") out.place_name = known->name;
  out.begin = run.begin;
  out.end = run.end;
  out.duration = run.seconds;
  out.parameters = o.run.parameters;
  out.epochs = static_cast<double>(o.run.epochs);
  out.cpu_joules = run.cpu_energy ? run.cpu_energy->value().base() : 0;
  out.grams = impacts.carbon.value().base();
  out.litres = impacts.water.value().base();
  const bool any = run.energy.value().base() > 0;
  out.pue = (any ? impacts.facility.value() / run.energy.value() : site.pue.value()).base();
  out.wue = site.wue.value().in(units::L_per_kWh);
  if (o.run.quality) out.quality = *o.run.quality;
  add_devices(run, catalog, out);
  if (!o.codecarbon.empty()) write_whole(o.codecarbon, codecarbon_csv(out));
  if (!o.boamps.empty()) write_whole(o.boamps, boamps_report(out).dump(2) + "\n");
}

}  // namespace wattline::ledger::training
