#include "meter/fleet/agent_tally.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/units.h"

namespace wattline::meter {
namespace {

// The part of an estimate that came in since it was `before`, as sure in proportion. What makes one part wrong makes the
// others wrong alike: `cause` is the same for all of them.
Estimate<Energy> part_since(const Estimate<Energy>& now, double before, const std::string& cause) {
  const double value = now.value().base();
  Estimate<Energy> part = value > 0 ? now * (std::max(0.0, value - before) / value) : now;
  part.raw().attribute_to(cause);
  return part;
}

Estimate<Energy> component_of(const Published* p, const std::string& name) {
  if (p)
    for (const auto& c : p->seen.components)
      if (c.info.component == name) return c.energy;
  return Estimate<Energy>::exact(Energy(0));
}

double idle_of(const Published* p, Domain domain) {
  if (p)
    for (const auto& d : p->seen.domains)
      if (d.domain == domain) return d.idle.value().base();
  return 0;
}

constexpr Duration beginning_within{1};  // how well an agent knows when it began, where its clock was set since
constexpr double overdue = 3;  // publications that did not come

}  // namespace

bool AgentTally::is_another(const PulledSnapshot& p, std::optional<Duration> its_clock_ahead, Duration within) const {
  if (p.told.instance == last_->instance) return false;
  const Time began = its_clock_ahead ? p.told.seen.started + -*its_clock_ahead : p.told.seen.started;
  return began + within + ahead_within_ + beginning_within < seen_.end;
}

void AgentTally::note_age(const PulledSnapshot& p) {
  seen_.age.reset();
  if (!p.agent_clock) return;
  seen_.age = std::max(Duration(0), *p.agent_clock - p.told.seen.now);
  const Duration usual = std::max(between_, p.told.resolution);
  if (usual > Duration(0) && *seen_.age > usual * overdue + Duration(2))
    trouble_ = "has told nothing new for " + to_string(*seen_.age, 2);
}

void AgentTally::take(const PulledSnapshot& pulled) {
  const Published& now = pulled.told;
  std::optional<Duration> ahead;
  const Duration half = (pulled.answered - pulled.asked) / 2.0;
  if (pulled.agent_clock) ahead = *pulled.agent_clock - (pulled.asked + half);
  if (last_ && is_another(pulled, ahead, half)) {
    trouble_ = fmt::format(
        "another agent answers there: run {} of {} had begun before run {} of {} was last heard; two behind one URL "
        "cannot be told apart",
        now.instance, now.host, last_->instance, last_->host);
    return;
  }
  trouble_.clear();
  if (ahead) {
    ahead_ = ahead;
    ahead_within_ = half;
  }
  if (!last_) {
    seen_.begin = seen_.end = ours(now.seen.now);
    if (now.version > 1) between_ = now.seen.lived() / static_cast<double>(now.version - 1);
    last_ = now;
    note_age(pulled);
    return;
  }
  const bool restarted = last_->instance != now.instance;
  if (!restarted && now.version <= last_->version) return note_age(pulled);  // told already
  if (!restarted)
    between_ = std::max(Duration(0), now.seen.lived() - last_->seen.lived()) /
               static_cast<double>(now.version - last_->version);
  const Published* before = restarted ? nullptr : &*last_;
  seen_.restarts += restarted;

  Estimate<Energy> more = Estimate<Energy>::exact(Energy(0));
  for (const auto& c : now.seen.components) {
    if (!c.info.counted) continue;
    const auto part = part_since(c.energy, component_of(before, c.info.component).value().base(),
                                 "agent " + now.host + " " + c.info.component);
    more += part;
    const auto [it, fresh] = seen_.components.try_emplace(c.info.component, part);
    if (!fresh) it->second += part;
  }
  for (const auto& d : now.seen.domains)
    seen_.idle += part_since(d.idle, idle_of(before, d.domain), "agent " + now.host + " idle");
  seen_.energy += more;

  const Time end = ours(now.seen.now);
  const Duration covered = now.seen.covered - (before ? before->seen.covered : Duration(0));
  seen_.covered += covered;
  if (before) seen_.missing += std::max(Duration(0), now.seen.missing - before->seen.missing);
  else seen_.missing += now.seen.missing + std::max(Duration(0), ours(now.seen.started) - seen_.end);
  seen_.end = std::max(seen_.end, end);
  seen_.power.reset();
  if (covered.base() > 0) seen_.power = more.value() / covered;
  last_ = now;
  note_age(pulled);
}

AgentTally::Seen AgentTally::seen() const {
  Seen out = seen_;
  if (!trouble_.empty()) out.power.reset();
  return out;
}

}  // namespace wattline::meter
