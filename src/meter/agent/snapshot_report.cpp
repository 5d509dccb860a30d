#include "meter/agent/snapshot_report.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "kernel/units.h"

namespace wattline::meter {
namespace {

constexpr std::size_t most_rows = 12;  // of each level

Table components_table(const Snapshot& s) {
  Table t("agent.components.v1");
  t.title = "Components";
  t.text("component").text("domain").number("energy", "J").number("low", "J").number("high", "J");
  t.number("power", "W").text("method").text("source").text("counted").number("missing", "s");
  for (const auto& c : s.components)
    t.add_row({c.info.component, std::string(to_string(c.info.domain)), c.energy.value().base(), c.energy.low().base(),
               c.energy.high().base(), c.watts, std::string(to_string(c.energy.method())), c.info.family,
               c.info.counted ? std::string("yes") : "no: " + c.info.not_counted_because, c.missing.base()});
  return t;
}

Table consumers_table(const Snapshot& s) {
  Table t("agent.consumers.v1");
  t.title = "Whose work it was";
  t.caption = "Active energy; levels see the same joules, so that consumers add up within one level only.";
  t.text("level").text("consumer").integer("pid").text("in").number("energy", "J").number("cpu_time", "s");
  std::map<Level, std::size_t> shown;
  for (const auto& c : s.consumers) {
    double joules = 0;
    for (const double j : c.joules) joules += j;
    if (joules <= 0 || ++shown[c.level] > most_rows) continue;
    t.add_row({std::string(to_string(c.level)), c.name, c.pid ? Table::Cell(std::int64_t{c.pid}) : Table::Cell(),
               c.detail, joules, c.cpu_seconds});
  }
  return t;
}

}  // namespace

Result snapshot_report(const Snapshot& s, std::string title) {
  Result r;
  r.title = std::move(title);
  Estimate<Energy> total = Estimate<Energy>::exact(Energy(0));
  for (const auto& c : s.components)
    if (c.info.counted) total += c.energy;
  r.estimate("energy", "Energy", total);
  r.estimate("covered", "Time", Estimate<Duration>::with_sd(s.covered, Duration(0), Method::measured, "meter agent"),
             {}, s.missing > Duration(0) ? fmt::format("{:.3g} s more were not seen", s.missing.base()) : "");
  r.add(components_table(s));
  r.add(consumers_table(s));
  for (const auto& d : s.domains)
    if (!d.how.empty())
      r.note(fmt::format("{}: {} above idle shared out by {}.", to_string(d.domain),
                         to_string(Energy(std::max(0.0, d.energy.value().base() - d.idle.value().base()))), d.how));
  for (const auto& w : s.warnings) r.warn(w);
  return r;
}

}  // namespace wattline::meter
