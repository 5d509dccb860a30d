#include "meter/agent/snapshot_report.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "kernel/units.h"
#include "meter/agent/publisher.h"

namespace wattline::meter {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// A counter that has not moved at all tells nothing: no machine that runs draws nothing.
bool told_anything(const ComponentSeen& c, const Snapshot& s) {
  if (c.energy.value() > Energy(0)) return true;
  const bool counter = c.info.kind == SourceKind::energy && c.info.family != "model";
  return !counter && c.missing.base() < 0.999 * s.lived().base();
}

std::string why_unknown(const ComponentSeen& c) { return c.trouble.empty() ? "its counter has not moved" : c.trouble; }

Table components_table(const Snapshot& s) {
  Table t("agent.components.v1");
  t.title = "Components";
  t.text("component").text("domain").number("energy", "J").number("low", "J").number("high", "J");
  t.number("power", "W").text("method").text("source").text("counted").number("missing", "s");
  for (const auto& c : s.components) {
    const bool known = told_anything(c, s);
    const auto figure = [known](double v) { return known ? v : nan; };
    t.add_row({c.info.component, std::string(to_string(c.info.domain)), figure(c.energy.value().base()),
               figure(c.energy.low().base()), figure(c.energy.high().base()), figure(c.watts),
               known ? std::string(to_string(c.energy.method())) : "unknown", c.info.family,
               c.info.counted ? std::string("yes") : "no: " + c.info.not_counted_because, c.missing.base()});
  }
  return t;
}

double joules_of(const Consumer& c) { return std::accumulate(c.joules.begin(), c.joules.end(), 0.0); }

// The rows of a level, which add up to its total.
void add_level(Table& t, const Snapshot& s, Level level, std::size_t most) {
  const auto add = [&](std::string name, int pid, const std::string& detail, double joules, double seconds) {
    t.add_row({std::string(to_string(level)), std::move(name), pid ? Table::Cell(std::int64_t{pid}) : Table::Cell(),
               detail, joules, seconds});
  };
  std::size_t named = 0, others = 0;
  double other_joules = 0, other_seconds = 0, sum = 0;
  for (const auto& c : s.consumers) {
    const double joules = joules_of(c);
    if (c.level != level || joules <= 0) continue;
    sum += joules;
    if (++named <= most) {
      // Of what is published without a name no time is told.
      const bool nameless = c.name == other_consumers || c.name == once_named;
      add(c.name, c.pid, c.detail, joules, nameless ? nan : c.cpu_seconds);
      continue;
    }
    ++others;
    other_joules += joules;
    other_seconds += c.cpu_seconds;
  }
  if (named == 0) return;
  if (others > 0) add(fmt::format("{} other{}", others, others == 1 ? "" : "s"), 0, {}, other_joules, other_seconds);
  double idle = 0, nobody = 0, all = 0;
  const bool of_gpus = level == Level::gpu_process || level == Level::gpu_slice;
  for (const auto& d : s.domains) {
    if (of_gpus && d.domain != Domain::gpu) continue;
    all += d.energy.value().base();
    idle += d.idle.value().base();
    nobody += d.unattributed;
  }
  add("(nobody's)", 0, {}, nobody, nan);
  add("(idle)", 0, {}, idle, nan);
  // What is published is rounded, each figure by itself.
  if (const double left = all - idle - nobody - sum; std::abs(left) > 1e-6 * all) add("(rounding)", 0, {}, left, nan);
  add("(total)", 0, {}, all, nan);
}

Table consumers_table(const Snapshot& s, std::size_t most) {
  Table t("agent.consumers.v1");
  t.title = "Whose work it was";
  t.caption = "Active energy. The rows of a level add up to its total; levels see the same joules.";
  t.text("level").text("consumer").integer("pid").text("in").number("energy", "J").number("cpu_time", "s");
  for (std::size_t i = 0; i < level_count; ++i) add_level(t, s, static_cast<Level>(i), most);
  return t;
}

}  // namespace

Result snapshot_report(const Snapshot& s, std::string title, std::size_t most) {
  Result r;
  r.title = std::move(title);
  std::optional<Estimate<Energy>> total;
  std::string without;
  for (const auto& c : s.components) {
    if (!c.info.counted) continue;
    if (told_anything(c, s)) total = total ? *total + c.energy : c.energy;
    else without += (without.empty() ? "" : ", ") + c.info.component;
  }
  if (total) r.estimate("energy", "Energy", *total, {}, without.empty() ? "" : "without what was not read: " + without);
  r.estimate("covered", "Time", Estimate<Duration>::with_sd(s.covered, Duration(0), Method::measured, "meter agent"),
             {}, s.missing > Duration(0) ? fmt::format("{:.3g} s more were not seen", s.missing.base()) : "");
  r.add(components_table(s));
  r.add(consumers_table(s, most));
  for (const auto& d : s.domains)
    if (!d.how.empty() && d.energy.value() > Energy(0))
      r.note(fmt::format("{}: {} above idle shared out by {}.", to_string(d.domain),
                         to_string(Energy(std::max(0.0, d.energy.value().base() - d.idle.value().base()))), d.how));
  for (const auto& c : s.components)
    if (!told_anything(c, s))
      r.warn(fmt::format("the energy of {} is unknown, and is not 0: {}", c.info.component, why_unknown(c)));
  if (s.components.empty()) r.warn("the energy is unknown, and is not 0: nothing here can be read");
  for (const auto& w : s.warnings) r.warn(w);
  return r;
}

}  // namespace wattline::meter
