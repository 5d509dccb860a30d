#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/units.h"
#include "ledger/green_text.h"
#include "ledger/slurm.h"
#include "ledger/slurm_record.h"
#include "ledger/slurm_tables.h"

namespace wattline::ledger {
namespace {

std::string jobs_text(std::int64_t n) { return fmt::format("{} {}", n, n == 1 ? "job" : "jobs"); }

// The counters see whole nodes: of a job that shared its node they also hold what others drew.
void measured(const SlurmSum& total, Result& out) {
  const Energy measured = total.measured_kwh * units::kWh;
  out.estimate("measured_energy", "Measured",
               Estimate<Energy>::with_sd(measured, Energy(0), Method::measured, "Slurm ConsumedEnergy"), "kWh",
               fmt::format("by Slurm's counters for {}, without PUE", jobs_text(total.measured_jobs)));
  out.note(
      fmt::format("For the same jobs the model says {} without PUE, {} times what was measured. Slurm's counters "
                  "see whole nodes: a job that shared its node is charged for the others.",
                  energy_text(total.modelled_of_measured_kwh),
                  format_number(total.modelled_of_measured_kwh / total.measured_kwh, 3)));
}

void estimates(const SlurmTally& tally, const SlurmSetup& s, Result& out) {
  const SlurmSum& total = tally.total;
  const Estimate<Energy> energy = s.factors.energy(total);
  const Estimate<Carbon> carbon = s.factors.carbon(total);
  out.title = fmt::format("{}: {}, {}", jobs_text(total.jobs), energy_text(energy.value().in(units::kWh)),
                          carbon_text(carbon.value().base()));
  out.estimate("energy", "Energy", energy, "kWh", "cores, GPUs and reserved memory, with PUE");
  out.estimate("carbon", "Carbon", carbon, "gCO2e");
  SlurmSum failed;
  failed.core_kwh = total.failed_kwh;
  out.estimate("failed_energy", "Of failed jobs", s.factors.energy(failed), "kWh");
  if (total.measured_jobs) measured(total, out);
}

void daily_life(const SlurmTally& tally, const SlurmSetup& s, Result& out) {
  const auto all = equivalences(s.factors.carbon(tally.total).value().in(units::gCO2e), *s.data);
  out.note(fmt::format("As much as {}, {}, {} (reference values of Green Algorithms {}).", all[0].text, all[1].text,
                       all[5].text, s.data->version()));
}

void tables(const SlurmOptions& o, SlurmTally& tally, const SlurmSetup& s, Result& out) {
  const auto shows = [&](SlurmTables what) { return o.tables == SlurmTables::all || o.tables == what; };
  if (shows(SlurmTables::totals)) {
    out.add(slurm_totals_table(tally, s));
    daily_life(tally, s, out);
  }
  if (shows(SlurmTables::groups))
    for (std::size_t i = 0; i < s.by.size(); ++i) {
      out.add(slurm_group_table(s.by[i], tally.groups[i], s.factors, s.price));
      if (i == 0) out.add(slurm_figure(s.by[i], tally.groups[i], s.factors));
    }
  if (shows(SlurmTables::jobs) && most_jobs(o) > 0) out.add(slurm_jobs_table(tally, s, o));
  if (o.tables == SlurmTables::runs) out.add(slurm_runs_table(tally, s, o));
  if (!tally.faults.first.empty()) out.add(slurm_faults_table(tally.faults));
}

}  // namespace

Result slurm(const SlurmOptions& o, Context& context) {
  if (!o.record && (o.changed != imports::Changed::keep || o.retracted != imports::Retracted::leave))
    throw bad_input("--changed and --retracted say what becomes of jobs in the account, and nothing is recorded",
                    "--record", "add --record");
  Result out;
  const SlurmSetup setup = slurm_setup(o, context, out);
  SlurmTally tally = slurm_tally(o, setup, context);
  for (const bool gpu : {false, true})
    if (tally.fallback_used[gpu] && setup.fallback_use[gpu]) out.use(*setup.fallback_use[gpu]);
  estimates(tally, setup, out);
  tables(o, tally, setup, out);
  if (o.record) record_jobs(o, setup, tally, context, out);
  tell_of_oddities(tally, setup, out);
  return out;
}

}  // namespace wattline::ledger
