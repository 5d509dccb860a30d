#include "ledger/project/environment_return.h"

#include <fmt/format.h>

#include "kernel/error.h"
#include "ledger/green_resolve.h"

namespace wattline::ledger {

const Fields<ReturnOptions>& return_fields() {
  using O = ReturnOptions;
  static const Fields<O> fields =
      Fields<O>()
          .quantity("avoided", &O::avoided, "tCO2e", "carbon that the portfolio avoids elsewhere in a year")
          .at_least(0)
          .text("baseline", &O::baseline, "what would have been without it, in words; needed with --avoided")
          .text("period", &O::period, "the year or years that it holds for; needed with --avoided")
          .number("attribution", &O::attribution,
                  "share of it that is the portfolio's own, 0 to 1; needed with --avoided")
          .range(0, 1)
          .enumeration("evidence", &O::evidence, {"none", "A", "B", "C", "D"},
                       "A measured against a control, B before and after, C own model, D general claim; needed with "
                       "--avoided")
          .number("rebound", &O::rebound, "share of it that more use takes back; over 1 is backfire (ledger rebound)")
          .range(-10, 10);
  return fields;
}

std::optional<double> break_even(double fixed, double avoided_per_use, double cost_per_use) {
  const double gain = avoided_per_use - cost_per_use;
  if (!(gain > 0)) return {};
  return fixed / gain;
}

std::optional<EnvironmentReturn> environment_return(const ReturnOptions& o, const Estimate<Carbon>& footprint,
                                                    Carbon fixed, double uses, const catalog::Catalog& c) {
  if (!o.avoided) {
    if (!o.baseline.empty() || !o.period.empty() || o.attribution || o.rebound || o.evidence != Evidence::none)
      throw bad_input("a baseline, period, attribution, evidence or rebound is given, but nothing that is avoided",
                      "--avoided", "give the avoided carbon of a year, as '120 tCO2e'");
    return {};
  }
  const auto need = [](bool given, const char* option, const char* hint) {
    if (!given) throw bad_input("avoided carbon is no figure without it; none is assumed", option, hint);
  };
  need(!o.baseline.empty(), "--baseline", "say what would have been done without the portfolio");
  need(!o.period.empty(), "--period", "say the year it holds for, as '2024'");
  need(o.attribution.has_value(), "--attribution", "say which share is the portfolio's own, 0 to 1");
  need(o.evidence != Evidence::none, "--evidence", "A, B, C or D");
  if (!(footprint.value() > Carbon(0)))
    throw bad_input("the portfolio's footprint is 0: there is nothing to set it against", "--use-cases");

  const auto& row = c.factor(
      fmt::format("project.evidence.{}", std::string(1, static_cast<char>('A' + static_cast<int>(o.evidence) - 1))));
  EnvironmentReturn out;
  out.net_avoided = within_factor(*o.avoided * *o.attribution, row.interval.high, row.id, "avoided carbon as stated") *
                    (1 - o.rebound.value_or(0));
  if (o.rebound.value_or(0) > 1) out.net_avoided.raw().set_signed();
  out.ratio = out.net_avoided / footprint;
  out.uses = uses;
  if (uses > 0)
    out.break_even_uses =
        break_even(fixed.base(), out.net_avoided.value().base() / uses, (footprint.value() - fixed).base() / uses);
  return out;
}

}  // namespace wattline::ledger
