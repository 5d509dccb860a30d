#include "ledger/report_comparison.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/shown.h"
#include "kernel/units.h"

namespace wattline::ledger {

RowsOptions other_rows(const ReportOptions& o) {
  RowsOptions rows = o.rows;
  if (o.against == "previous") {
    if (o.rows.since.empty())
      throw bad_input("the period before is not known without a beginning of this one", "against",
                      "give --since, or a period as --against 2026-10-01..2026-11-01");
    const Time since = parse_moment(o.rows.since, "since");
    const Time until = o.rows.until.empty() ? Time::now() : parse_moment(o.rows.until, "until");
    rows.since = to_string(Time{since.ns - (until.ns - since.ns)}, 9);
    rows.until = to_string(since, 9);
  } else {
    const auto dots = o.against.find("..");
    if (dots == std::string::npos)
      throw bad_input(fmt::format("'{}' is no period", o.against.substr(0, 80)), "against",
                      "previous, or FROM..UNTIL as in 2026-10-01..2026-11-01");
    rows.since = o.against.substr(0, dots);
    rows.until = o.against.substr(dots + 2);
  }
  return rows;
}

std::string period_text(const RowsOptions& rows) {
  const auto day = [](const std::string& text) {
    return text.ends_with("T00:00:00.000000000Z") ? text.substr(0, 10) : text.substr(0, 16) + "Z";
  };
  const auto moment = [&](const std::string& text, const char* open) {
    return text.empty() ? std::string(open) : day(to_string(parse_moment(text, "against"), 9));
  };
  return fmt::format("{} to {}", moment(rows.since, "the beginning"), moment(rows.until, "now"));
}

Table comparison_table(const ReportPeriod& now, const ReportPeriod& before, const std::string& key, Grids& grids) {
  Table t("ledger.comparison.v1");
  t.text("figure").number("now").number("before").text("unit").number("change", "%").number("change_low", "%");
  t.number("change_high", "%");
  const auto line = [&](std::string name, const RawEstimate& a, const RawEstimate& b, double scale, std::string unit) {
    const double nan = std::nan("");
    if (!(b.value() > 0)) {
      t.add_row({std::move(name), a.value() / scale, b.value() / scale, std::move(unit), nan, nan, nan});
      return;
    }
    const RawEstimate ratio = RawEstimate::quotient(a, b);
    const Interval i = ratio.interval();
    t.add_row({std::move(name), a.value() / scale, b.value() / scale, std::move(unit), 100 * (ratio.value() - 1),
               100 * (i.low - 1), 100 * (i.high - 1)});
  };
  const Impacts all = grids.of(now.sum.by_site), then = grids.of(before.sum.by_site);
  const auto exact = [](std::int64_t n) { return RawEstimate(static_cast<double>(n)); };
  const auto larger = [](const auto& a, const auto& b) { return std::max(a.value().base(), b.value().base()); };
  const Unit energy = billing_unit(larger(all.energy, then.energy));
  const Unit carbon = friendly_unit(larger(all.carbon, then.carbon), Carbon::dimension);
  const Unit water = friendly_unit(larger(all.water, then.water), Volume::dimension);
  line("energy", all.energy.raw(), then.energy.raw(), energy.scale, energy.symbol);
  line("carbon", all.carbon.raw(), then.carbon.raw(), carbon.scale, carbon.symbol);
  line("water", all.water.raw(), then.water.raw(), water.scale, water.symbol);
  if (now.primary.whole() && before.primary.whole())
    line("primary energy", now.primary.total.raw(), before.primary.total.raw(), energy.scale, energy.symbol);
  line("rows", exact(now.sum.rows), exact(before.sum.rows), 1, "");
  line("tokens out", exact(now.sum.tokens_out), exact(before.sum.tokens_out), 1, "");
  if (now.sum.tokens_out > 0 && before.sum.tokens_out > 0)
    line("energy per token", RawEstimate::scaled(all.energy.raw(), 1.0 / static_cast<double>(now.sum.tokens_out)),
         RawEstimate::scaled(then.energy.raw(), 1.0 / static_cast<double>(before.sum.tokens_out)), 1, "J");
  std::set<std::string> names;
  for (const auto* groups : {&now.groups, &before.groups})
    for (const auto& [name, sum] : *groups) names.insert(name);
  const auto energy_of = [&](const ReportGroups& groups, const std::string& name) {
    const auto it = groups.find(name);
    return it == groups.end() ? RawEstimate(0.0) : grids.of(it->second.by_site).energy.raw();
  };
  constexpr std::size_t most = 20;
  if (key != "day" && key != "month" && names.size() > 1 && names.size() <= most)
    for (const auto& name : names)
      line(fmt::format("energy of {} {}", key, name), energy_of(now.groups, name), energy_of(before.groups, name),
           energy.scale, energy.symbol);
  return t;
}

}  // namespace wattline::ledger
