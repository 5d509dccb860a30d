#include "meter/fleet/agent_tally.h"

#include <algorithm>

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

}  // namespace

void AgentTally::take(const PulledSnapshot& pulled) {
  trouble_.clear();
  if (pulled.agent_clock) {
    const Duration half = (pulled.answered - pulled.asked) / 2.0;
    ahead_ = *pulled.agent_clock - (pulled.asked + half);
    ahead_within_ = half;
  }
  const Published& now = pulled.told;
  if (!last_) {
    seen_.begin = seen_.end = ours(now.seen.now);
    last_ = now;
    return;
  }
  const bool restarted = last_->instance != now.instance;
  if (!restarted && now.version <= last_->version) return;  // told already
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
}

AgentTally::Seen AgentTally::seen() const {
  Seen out = seen_;
  if (!trouble_.empty()) out.power.reset();
  return out;
}

}  // namespace wattline::meter
