#include "ledger/training/audit.h"

#include <cmath>

#include <fmt/format.h>

#include "kernel/units.h"

namespace wattline::ledger::training {
namespace {

std::string joules(double j) { return to_string(Energy(j)); }
bool near(double a, double b, double tolerance) { return std::abs(a - b) <= tolerance * std::abs(b); }

// What a wrong figure may have come from.
std::string explanation(const AuditFacts& f) {
  const double claimed = *f.claimed_joules, ours = *f.joules;
  struct Mistake {
    double value;
    const char* what;
  };
  std::vector<Mistake> known;
  if (f.sum_watts && f.seconds)
    known.push_back({*f.sum_watts * *f.seconds,
                     "the sum of the power samples times the duration: each sample counts for the whole run"});
  if (f.claimed_seconds && f.sum_watts)
    known.push_back({*f.sum_watts * *f.claimed_seconds,
                     "the sum of the power samples times the duration: each sample counts for the whole run"});
  known.push_back({ours * 3600, "watt-hours read as joules twice (a factor of 3600)"});
  known.push_back({ours / 3600, "joules given as watt-hours, or hours for seconds (a factor of 3600)"});
  known.push_back({ours * 1000, "Wh given as kWh (a factor of 1000)"});
  known.push_back({ours / 1000, "kWh given as Wh (a factor of 1000)"});
  if (f.seconds && f.max_watts) known.push_back({*f.max_watts * *f.seconds, "the highest power taken for the mean"});
  if (f.seconds && f.limit_watts) known.push_back({*f.limit_watts * *f.seconds, "the power limit taken for the power"});
  if (f.sum_watts) known.push_back({*f.sum_watts * 3600, "samples a second apart taken as hours"});
  if (f.devices > 1) {
    known.push_back({ours * f.devices, "the energy of all devices counted once for each"});
    known.push_back({ours / f.devices, "one device of several"});
  }
  for (const auto& m : known)
    if (near(claimed, m.value, 0.02)) return m.what;
  return "";
}

}  // namespace

std::string_view to_string(AuditVerdict v) {
  switch (v) {
    case AuditVerdict::fine: return "fine";
    case AuditVerdict::doubtful: return "doubtful";
    case AuditVerdict::impossible: return "impossible";
    case AuditVerdict::unknown: return "cannot tell";
  }
  return "";
}

std::vector<AuditCheck> audit(const AuditFacts& f) {
  using enum AuditVerdict;
  std::vector<AuditCheck> out;
  const auto add = [&](std::string what, std::string found, std::string allowed, std::string formula, AuditVerdict v) {
    out.push_back({std::move(what), std::move(found), std::move(allowed), std::move(formula), v});
  };
  const auto watts = [](double w) { return to_string(Power(w)); };
  if (f.mean_watts && f.limit_watts)
    add("mean power under the limit", watts(*f.mean_watts), "up to " + watts(1.05 * *f.limit_watts),
        fmt::format("1.05 x {} of {} devices", watts(*f.limit_watts), f.devices),
        *f.mean_watts <= 1.05 * *f.limit_watts ? fine : impossible);
  if (f.mean_watts && f.idle_watts)
    add("mean power over idle", watts(*f.mean_watts), "from " + watts(0.8 * *f.idle_watts),
        fmt::format("0.8 x {} at idle", watts(*f.idle_watts)), *f.mean_watts >= 0.8 * *f.idle_watts ? fine : doubtful);
  if (f.seconds && f.samples && *f.samples > 1 && f.sum_watts && f.joules) {
    // Rectangles of the mean spacing: the trapezoid cannot be far from them.
    const double rectangles = *f.sum_watts * *f.seconds / *f.samples;
    add("energy and the sum of samples", joules(*f.joules), joules(rectangles) + " +-5 %",
        "sum of samples x duration / samples", near(rectangles, *f.joules, 0.05) ? fine : doubtful);
  }
  if (f.hottest)
    add("temperature", fmt::format("{} °C", *f.hottest), "0 to 110 °C", "of the log",
        *f.hottest > 0 && *f.hottest <= 110 ? fine : impossible);
  if (f.claimed_seconds && f.seconds)
    add("claimed duration", fmt::format("{} s", format_number(*f.claimed_seconds)),
        fmt::format("{} s +-5 %", format_number(*f.seconds)), "last sample - first sample",
        near(*f.claimed_seconds, *f.seconds, 0.05) ? fine : doubtful);
  if (f.claimed_joules && f.joules && *f.joules > 0) {
    const double ratio = *f.claimed_joules / *f.joules;
    const bool good = std::abs(ratio - 1) <= 0.1;
    const std::string why = good ? "" : explanation(f);
    add("claimed energy", joules(*f.claimed_joules), joules(*f.joules) + " +-10 %",
        fmt::format("claimed / measured = {}{}{}", format_number(ratio, 4), why.empty() ? "" : "; looks like ", why),
        good                       ? fine
        : ratio > 2 || ratio < 0.5 ? impossible
                                   : doubtful);
  }
  const auto duration = f.claimed_seconds ? f.claimed_seconds : f.seconds;
  if (f.claimed_joules && duration && *duration > 0 && f.limit_watts) {
    const double mean = *f.claimed_joules / *duration;
    add("power that the claim implies", watts(mean), "up to " + watts(1.05 * *f.limit_watts),
        "claimed energy / duration", mean <= 1.05 * *f.limit_watts ? fine : impossible);
  }
  const auto energy = f.claimed_joules ? f.claimed_joules : f.joules;
  if (f.claimed_grams && energy && f.grams_per_kwh) {
    const double expected = *energy / 3.6e6 * f.pue.value_or(1) * *f.grams_per_kwh, ratio = *f.claimed_grams / expected;
    std::string hint;
    if (near(ratio, 1000, 0.05)) hint = "; grams given as kilograms";
    else if (near(ratio, 0.001, 0.05)) hint = "; kilograms given as grams";
    add("claimed carbon", to_string(Carbon(*f.claimed_grams)), to_string(Carbon(expected)) + " +-2 %",
        fmt::format("{}energy x PUE {} x {} gCO2e/kWh; ratio {}{}", f.claimed_joules ? "claimed " : "",
                    format_number(f.pue.value_or(1)), format_number(*f.grams_per_kwh), format_number(ratio, 4), hint),
        near(*f.claimed_grams, expected, 0.02)  ? fine
        : near(*f.claimed_grams, expected, 0.3) ? doubtful
                                                : impossible);
    if (f.claimed_joules && f.joules) {
      const double ours = *f.joules / 3.6e6 * f.pue.value_or(1) * *f.grams_per_kwh;
      add("claimed carbon and the measured energy", to_string(Carbon(*f.claimed_grams)),
          to_string(Carbon(ours)) + " +-10 %",
          fmt::format("claimed / ours = {}", format_number(*f.claimed_grams / ours, 4)),
          near(*f.claimed_grams, ours, 0.1)   ? fine
          : near(*f.claimed_grams, ours, 0.5) ? doubtful
                                              : impossible);
    }
  }
  return out;
}

Table audit_table(const std::vector<AuditCheck>& checks) {
  Table t("training.audit.v1");
  t.title = "Audit";
  t.text("check").text("verdict").text("found").text("allowed").text("formula");
  for (const auto& c : checks) t.add_row({c.what, std::string(to_string(c.verdict)), c.found, c.allowed, c.formula});
  return t;
}

AuditVerdict worst(const std::vector<AuditCheck>& checks) {
  AuditVerdict out = AuditVerdict::fine;
  for (const auto& c : checks)
    if (c.verdict == AuditVerdict::impossible || (c.verdict == AuditVerdict::doubtful && out == AuditVerdict::fine))
      out = c.verdict;
  return out;
}

}  // namespace wattline::ledger::training
