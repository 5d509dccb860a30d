#include "serve/metered/agent_part.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace wattline::serve {
namespace {

using meter::ComponentSeen;
using meter::Consumer;
using meter::Published;

// Of the time between two publications more than this was not seen: nothing is said of it.
constexpr double most_missing = 0.1;
// What is published is in steps of this, so that each difference is wrong by up to a step (meter/agent/publisher.h).
constexpr double step_j = 0.1;
// Standard uncertainty of so many differences of published values.
double rounding(std::size_t n) { return step_j * std::sqrt(static_cast<double>(n) / 6); }

struct DomainPart {
  double energy = 0, variance_root = 0, idle = 0;  // J of the counted components; sd of it (errors add up); J
  double consumers_spread = 0;
  std::size_t components = 0;
  bool shared = false;  // the agent tells its idle part
};
using Domains = std::array<DomainPart, meter::domain_count>;
std::size_t index(meter::Domain d) { return static_cast<std::size_t>(d); }

template <class T, class Same>
const T* earlier(const std::vector<T>* all, Same same) {
  if (!all) return nullptr;
  const auto it = std::find_if(all->begin(), all->end(), same);
  return it == all->end() ? nullptr : &*it;
}

double since(double now, double before) { return std::max(0.0, now - before); }

struct Part {
  double energy, sd;
};
Part part_of(const ComponentSeen& c, const Published* before) {
  const auto* b = earlier(before ? &before->seen.components : nullptr,
                          [&](const ComponentSeen& o) { return o.info.component == c.info.component; });
  const double value = c.energy.value().base();
  const double part = since(value, b ? b->energy.value().base() : 0);
  return {part, value > 0 ? part * c.energy.sd().base() / value : 0};
}

bool was_missed(const ComponentSeen& c, const Published* before, double seconds) {
  const auto* b = earlier(before ? &before->seen.components : nullptr,
                          [&](const ComponentSeen& o) { return o.info.component == c.info.component; });
  return !c.trouble.empty() || since(c.missing.base(), b ? b->missing.base() : 0) > most_missing * seconds;
}

bool is_measured(const ComponentSeen& c) { return c.energy.method() == Method::measured && c.info.family != "model"; }

Domains domains_between(const Published* before, const Published& now) {
  Domains out;
  for (const auto& c : now.seen.components) {
    if (!c.info.counted) continue;
    auto& d = out[index(c.info.domain)];
    const auto [energy, sd] = part_of(c, before);
    d.energy += energy;
    d.variance_root += sd;
    ++d.components;
  }
  for (const auto& seen : now.seen.domains) {
    auto& d = out[index(seen.domain)];
    d.shared = !seen.how.empty();
    d.consumers_spread = seen.spread / 1.96;
    const auto* b = earlier(before ? &before->seen.domains : nullptr,
                            [&](const meter::DomainSeen& o) { return o.domain == seen.domain; });
    d.idle = std::min(d.energy, since(seen.idle.value().base(), b ? b->idle.value().base() : 0));
  }
  for (auto& d : out)
    if (!d.shared) d.idle = d.energy;
  return out;
}

std::string names_of(const Published& now) {
  std::string out;
  for (const auto& c : now.seen.components) out += (out.empty() ? "" : ", ") + c.info.component;
  return out.empty() ? "none" : out;
}

AgentPart of_components(const Published* before, const Published& now, const AgentSelection& wanted, double seconds) {
  AgentPart out;
  const Domains domains = domains_between(before, now);
  double sd = 0;
  for (const auto& name : wanted.components)
    if (!earlier(&now.seen.components, [&](const ComponentSeen& c) { return c.info.component == name; })) {
      out.trouble = fmt::format("it tells of no component '{}'; of {} it does", name, names_of(now));
      return out;
    }
  std::size_t read = 0;
  for (const auto& c : now.seen.components) {
    const bool named =
        std::find(wanted.components.begin(), wanted.components.end(), c.info.component) != wanted.components.end();
    if (wanted.components.empty() ? !c.info.counted : !named) continue;
    ++read;
    if (was_missed(c, before, seconds)) {
      out.trouble = fmt::format("{} was not read{}{}", c.info.component, c.trouble.empty() ? "" : ": ", c.trouble);
      return out;
    }
    const auto& d = domains[index(c.info.domain)];
    const auto [energy, part_sd] = part_of(c, before);
    // What is not counted is contained in others, and its idle part is not told.
    const double idle = !c.info.counted ? 0
                        : !d.shared     ? energy
                        : d.components  ? std::min(energy, d.idle / static_cast<double>(d.components))
                                        : 0;
    out.work += energy - idle;
    out.idle += idle;
    sd += part_sd;
    out.measured = out.measured && is_measured(c);
  }
  if (read == 0) out.trouble = "it reads no component";
  const double all = out.work + out.idle;
  out.spread = all > 0 ? std::hypot(sd, rounding(read)) / all : 0;
  return out;
}

AgentPart of_consumer(const Published* before, const Published& now, const AgentSelection& wanted, double seconds) {
  AgentPart out;
  const Domains domains = domains_between(before, now);
  std::array<double, meter::domain_count> work{};
  std::size_t found = 0;
  for (const auto& c : now.seen.consumers) {
    if (meter::to_string(c.level) != wanted.level || c.name != wanted.consumer) continue;
    ++found;
    // One that got its name after the publication before begins at 0, though it had the name earlier too.
    const auto* b = earlier(before ? &before->seen.consumers : nullptr, [&](const Consumer& o) {
      return o.level == c.level && o.name == c.name && o.pid == c.pid && o.started == c.started && o.since == c.since;
    });
    for (std::size_t d = 0; d < work.size(); ++d) work[d] += since(c.joules[d], b ? b->joules[d] : 0);
  }
  if (found == 0) {
    out.trouble =
        fmt::format("it names no {} '{}' (who works little has no name there)", wanted.level, wanted.consumer);
    return out;
  }
  for (const auto& c : now.seen.components) {
    if (!c.info.counted || work[index(c.info.domain)] <= 0) continue;
    if (was_missed(c, before, seconds)) {
      out.trouble = fmt::format("{} was not read{}{}", c.info.component, c.trouble.empty() ? "" : ": ", c.trouble);
      return out;
    }
    out.measured = out.measured && is_measured(c);
  }
  double variance = 0, sd = 0;
  for (std::size_t i = 0; i < work.size(); ++i) {
    const auto& d = domains[i];
    if (work[i] <= 0) continue;
    const double all_work = d.energy - d.idle;
    const double idle = all_work > 0 ? d.idle * std::min(1.0, work[i] / all_work) : 0;
    out.work += work[i];
    out.idle += idle;
    if (d.energy > 0) sd += (work[i] + idle) * d.variance_root / d.energy;
    variance += std::pow(work[i] * d.consumers_spread, 2);
  }
  const double all = out.work + out.idle;
  out.spread = all > 0 ? std::hypot(sd, std::sqrt(variance), rounding(found)) / all : 0;
  return out;
}

}  // namespace

AgentPart part_between(const Published* before, const Published& now, const AgentSelection& wanted) {
  const double covered = since(now.seen.covered.base(), before ? before->seen.covered.base() : 0);
  const double missing = since(now.seen.missing.base(), before ? before->seen.missing.base() : 0);
  if (missing > most_missing * (covered + missing)) {
    AgentPart out;
    out.trouble = fmt::format("it saw nothing for {:.1f} s", missing);
    return out;
  }
  AgentPart out =
      wanted.consumer.empty() ? of_components(before, now, wanted, covered) : of_consumer(before, now, wanted, covered);
  if (!wanted.idle) out.idle = 0;
  return out;
}

}  // namespace wattline::serve
