#include "ledger/training/run_audit.h"

#include <algorithm>

#include "ledger/training/audit.h"

namespace wattline::ledger::training {
namespace {

AuditFacts facts_of_log(const Log& log, const catalog::Catalog& catalog) {
  AuditFacts f;
  const auto& all = log.all;
  f.joules = all.joules;
  f.sum_watts = all.sum_watts;
  f.samples = static_cast<double>(all.samples) / static_cast<double>(log.each.size());
  f.mean_watts = all.mean_watts;
  f.max_watts = all.max_watts;
  f.devices = static_cast<double>(log.each.size());
  double limit = 0, idle = 0;
  bool limits = true, idles = true;
  for (const auto& d : log.trace.devices) {
    const auto* known = catalog.find_device(d.name);
    if (d.limit) limit += *d.limit;
    else if (known && known->board_power > Power(0)) limit += known->board_power.base();
    else limits = false;
    if (known && known->idle_power) idle += known->idle_power->base();
    else idles = false;
    if (d.hottest) f.hottest = std::max(f.hottest.value_or(*d.hottest), *d.hottest);
  }
  if (limits) f.limit_watts = limit;
  if (idles) f.idle_watts = idle;
  return f;
}

// Rows hold the energy of whole machines: what one card may draw says nothing about them.
AuditFacts facts_of_rows(const TrainingRun& run) {
  AuditFacts f;
  f.joules = run.energy.value().base();
  if (run.seconds > 0) f.mean_watts = *f.joules / run.seconds;
  return f;
}

}  // namespace

void audit_run(const ClaimedOptions& claimed, const TrainingRun& run, const Impacts& impacts,
               const catalog::Catalog& catalog, Result& out) {
  AuditFacts facts = run.log ? facts_of_log(*run.log, catalog) : facts_of_rows(run);
  if (run.seconds > 0) facts.seconds = run.seconds;
  if (claimed.energy) facts.claimed_joules = claimed.energy->base();
  if (claimed.duration) facts.claimed_seconds = claimed.duration->base();
  if (claimed.carbon) facts.claimed_grams = claimed.carbon->base();
  // What the report itself has: of several places or hours their mean by energy.
  const double kwh = impacts.facility.value().in(units::kWh);
  if (kwh > 0) facts.grams_per_kwh = impacts.carbon.value().base() / kwh;
  if (run.energy.value().base() > 0) facts.pue = impacts.facility.value() / run.energy.value();
  const auto checks = audit(facts);
  if (!checks.empty()) out.add(audit_table(checks));
  const AuditVerdict verdict = worst(checks);
  if (claimed.energy || claimed.carbon || claimed.duration)
    out.verdict =
        Verdict{verdict == AuditVerdict::fine,
                verdict == AuditVerdict::fine ? "the claimed figures agree with what was metered"
                                              : "the claimed figures do not agree with what was metered: see Audit"};
  else if (verdict != AuditVerdict::fine) out.warn("a check of the audit fails: see Audit");
}

}  // namespace wattline::ledger::training
