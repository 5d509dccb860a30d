#include "ledger/slurm_tables.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/units.h"
#include "ledger/run_records.h"
#include "ledger/slurm_record.h"

namespace wattline::ledger {
namespace {

struct Entry {
  double kwh;
  const SlurmJob* job;
};

std::vector<Entry> most_energy(const SlurmTally& tally, const SlurmSetup& s, const SlurmOptions& o) {
  std::vector<Entry> entries;
  for (const auto& job : tally.jobs.jobs())
    if (job.outcome() != JobOutcome::unfinished) entries.push_back({use_of(job, s.power).it_kwh(), &job});
  const auto kept = std::min(entries.size(), static_cast<std::size_t>(most_jobs(o)));
  std::partial_sort(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(kept), entries.end(),
                    [](const Entry& a, const Entry& b) { return a.kwh != b.kwh ? a.kwh > b.kwh : a.job < b.job; });
  entries.resize(kept);
  return entries;
}

void name_jobs(Table& t, const SlurmTally& tally, const SlurmOptions& o) {
  const std::int64_t all = tally.total.jobs, more = all - static_cast<std::int64_t>(t.rows());
  t.title = more == 0 ? "Jobs" : fmt::format("The {} of {} jobs with the most energy", t.rows(), all);
  t.caption = fmt::format("Times in UTC, of a log in {}; begin is the submission where the log has no Start.",
                          o.time_zone.empty() ? "UTC" : o.time_zone);
  if (more > 0) t.caption += fmt::format(" {} more: --jobs {} shows all.", more, all);
}

}  // namespace

std::int64_t most_jobs(const SlurmOptions& o) { return o.jobs.value_or(o.tables == SlurmTables::all ? 20 : 1000); }

Table slurm_totals_table(const SlurmTally& tally, const SlurmSetup& s) {
  SlurmSum total = tally.total;
  const double pue = s.factors.pue.value(), kwh = s.factors.energy(total).value().in(units::kWh);
  Table t("ledger.slurm.totals.v1");
  t.title = "Totals";
  t.text("what").number("value").text("unit");
  const auto row = [&](const char* what, double value, const char* unit) { t.add_row({what, value, unit}); };
  row("jobs", static_cast<double>(total.jobs), "");
  row("failed jobs", static_cast<double>(total.failed), "");
  row("left out: running or pending", static_cast<double>(tally.unfinished), "");
  row("core-hours used", total.core_hours, "h");
  row("GPU-hours", total.gpu_hours, "h");
  row("energy of cores", total.core_kwh * pue, "kWh");
  row("energy of GPUs", total.gpu_kwh * pue, "kWh");
  row("energy of memory", total.memory_kwh * pue, "kWh");
  row("energy of failed jobs", total.failed_kwh * pue, "kWh");
  row("share of failed jobs", total.it_kwh() > 0 ? 100 * total.failed_kwh / total.it_kwh() : 0, "%");
  row("energy had memory been requested as needed", total.needed_kwh * pue, "kWh");
  row("median memory over-allocation", total.median_overallocation(), "x");
  row("PUE", pue, "");
  row("carbon intensity", s.factors.intensity.value().in(units::gCO2e_per_kWh), "gCO2e/kWh");
  if (s.price) t.add_row({"cost", kwh * *s.price, s.currency});
  return t;
}

Figure slurm_figure(const std::string& grouping, const std::map<std::string, SlurmSum>& groups,
                    const SlurmFactors& factors) {
  std::vector<std::pair<Measure, std::string>> bars;
  for (const auto& [key, sum] : groups) bars.emplace_back(factors.energy(sum).measure("kWh"), key);
  std::stable_sort(bars.begin(), bars.end(),
                   [](const auto& a, const auto& b) { return a.first.value > b.first.value; });
  constexpr std::size_t most = 15;
  if (bars.size() > most) bars.resize(most);
  Figure f;
  f.kind = Figure::Kind::bar;
  f.title = "Energy by " + grouping;
  f.y = {"energy", "kWh"};
  Figure::Trace trace;
  trace.name = "energy";
  for (const auto& [kwh, key] : bars) {
    trace.x.push_back(static_cast<double>(f.categories.size()));
    trace.y.push_back(kwh.value);
    trace.low.push_back(kwh.interval.low);
    trace.high.push_back(kwh.interval.high);
    f.categories.push_back(key);
  }
  f.traces.push_back(std::move(trace));
  return f;
}

Table slurm_jobs_table(const SlurmTally& tally, const SlurmSetup& s, const SlurmOptions& o) {
  Table t("ledger.slurm.jobs.v1");
  t.text("job").text("user").text("partition").text("state");
  t.number("energy", "kWh", "with PUE").number("energy_low", "kWh").number("energy_high", "kWh");
  t.number("carbon", "gCO2e").number("elapsed", "h").number("core_hours", "h");
  t.number("gpu_hours", "h").number("memory", "GB", "requested").text("account").time("begin").text("name");
  t.number("carbon_low", "gCO2e").number("carbon_high", "gCO2e");
  for (const auto& entry : most_energy(tally, s, o)) {
    const SlurmJob& job = *entry.job;
    const SlurmUse use = use_of(job, s.power);
    SlurmSum one;
    one.add(job, use);
    const Measure energy = s.factors.energy(one).measure("kWh"), carbon = s.factors.carbon(one).measure("gCO2e");
    const auto begin = job.start ? job.start : job.submit;
    t.add_row({job.id, job.user, job.partition, job.state, energy.value, energy.interval.low, energy.interval.high,
               carbon.value, job.elapsed / 3600, use.core_hours, use.gpu_hours,
               use.memory_unknown ? NAN : use.requested_gb, job.account, begin ? Table::Cell(*begin) : Table::Cell(),
               job.name, carbon.interval.low, carbon.interval.high});
  }
  name_jobs(t, tally, o);
  return t;
}

Table slurm_runs_table(const SlurmTally& tally, const SlurmSetup& s, const SlurmOptions& o) {
  Table t = run_records_table();
  for (const auto& entry : most_energy(tally, s, o)) {
    const Fact f = slurm_fact(*entry.job, s);
    add_run_record(t, f, f.energy * s.factors.pue * s.factors.intensity, nullptr);
  }
  name_jobs(t, tally, o);
  return t;
}

Table slurm_faults_table(const SacctFaults& faults) {
  Table t("ledger.slurm.faults.v1");
  t.title = "Lines with faults";
  if (faults.first.size() == SacctFaults::most_kept) t.caption = fmt::format("the first {}", SacctFaults::most_kept);
  t.integer("line").text("fault");
  for (const auto& f : faults.first) t.add_row({static_cast<std::int64_t>(f.line), f.what});
  return t;
}

}  // namespace wattline::ledger
