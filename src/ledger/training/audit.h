// Is a reported figure possible? Each check says its formula, what it found and what is allowed, so that a reader can
// follow it. Units: J, s, W, gCO2e.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernel/table.h"

namespace wattline::ledger::training {

enum class AuditVerdict { fine, doubtful, impossible, unknown };
std::string_view to_string(AuditVerdict);

// What was measured, and what is claimed of it. Absent: unknown, its checks are left out.
struct AuditFacts {
  std::optional<double> joules, seconds, sum_watts, samples;  // over all devices; sum of the power samples in W
  std::optional<double> mean_watts, max_watts, limit_watts, idle_watts;  // limit and idle of all devices together
  double devices = 1;
  std::optional<double> hottest;
  std::optional<double> claimed_joules, claimed_seconds, claimed_grams;
  std::optional<double> grams_per_kwh, pue;
};
struct AuditCheck {
  std::string what, found, allowed, formula;
  AuditVerdict verdict = AuditVerdict::fine;
};
std::vector<AuditCheck> audit(const AuditFacts&);
Table audit_table(const std::vector<AuditCheck>&);
// The worst of them.
AuditVerdict worst(const std::vector<AuditCheck>&);

}  // namespace wattline::ledger::training
