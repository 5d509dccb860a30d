#include "meter/agent/publisher.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace wattline::meter {
namespace {

constexpr double memory_s = 60;  // over which "of late" is meant
constexpr double worth_a_name = 1.3;  // so much hungrier than a named one takes its name: names do not flicker

double sum(const std::array<double, domain_count>& j) { return std::accumulate(j.begin(), j.end(), 0.0); }

// The nearest multiple of `step`: 2.8 and not 2.8000000000000003, where a whole number of steps makes one.
double rounded(double value, double step) {
  const double steps = std::round(value / step), whole = std::round(1 / step);
  return step < 1 && std::abs(whole * step - 1) < 1e-9 ? steps / whole : steps * step;
}

// The same estimate of another amount, as sure in proportion.
void set_value(Estimate<Energy>& e, double value) {
  const double now = e.value().base();
  if (now > 0 && std::isfinite(now)) e = e * (value / now);
}

}  // namespace

Publisher::Publisher(PublishSettings settings, std::string host, std::string instance)
    : settings_(settings), host_(std::move(host)), instance_(std::move(instance)) {}

PublishedPtr Publisher::publish(Snapshot seen, AgentUse own, Duration interval) {
  auto out = std::make_shared<Published>();
  const double lived = seen.lived().base(), seconds = version_ ? std::max(0.0, lived - lived_) : 0;
  lived_ = lived;
  now_ = seen.now;
  if (version_ == 0 || counted_since_ > now_) counted_since_ = seen.started;
  mean_watts(seen);
  name_consumers(seen, seconds);
  round(seen);
  out->host = host_;
  out->instance = instance_;
  out->version = ++version_;
  out->interval = interval;
  out->resolution = settings_.resolution;
  out->counted_since = counted_since_;
  out->seen = std::move(seen);
  out->own = std::move(own);
  return out;
}

void Publisher::mean_watts(Snapshot& seen) {
  for (auto& c : seen.components) {
    // Not read in the last tick: no 0, and the next mean is from where it was read last.
    if (std::isnan(c.watts)) continue;
    const double j = c.energy.value().base(), missing = c.missing.base();
    const auto it = last_components_.find(c.info.component);
    if (it != last_components_.end()) {
      const auto [j0, read0] = it->second;
      const double read = lived_ - missing - read0;
      c.watts = read > 1e-3 && j >= j0 ? (j - j0) / read : std::nan("");
    }
    last_components_[c.info.component] = {j, lived_ - missing};
  }
}

void Publisher::name_consumers(Snapshot& seen, double seconds) {
  std::map<Level, std::vector<Consumer*>> by_level;
  for (auto& [level, state] : levels_) by_level[level];
  for (auto& c : seen.consumers) by_level[c.level].push_back(&c);
  std::vector<Consumer> out;
  for (auto& [level, consumers] : by_level) name_level(level, consumers, seconds, out);
  seen.consumers = std::move(out);
  seen.forgotten = 0;
}

void Publisher::forget_name(LevelState& state, Watched& w) {
  if (std::exchange(w.told, false))
    for (std::size_t d = 0; d < domain_count; ++d) state.once[d] += w.mine[d];
  w.named = false;
  w.mine = w.published = Joules{};
}

// Consumers with what is known of them; those that are the same one are put together.
std::vector<Publisher::Candidate> Publisher::candidates(LevelState& state, std::vector<Consumer*>& consumers,
                                                        double seconds) {
  std::vector<Candidate> all;
  all.reserve(consumers.size());
  for (Consumer* c : consumers) {
    if (!c->alive && c->name == "ended" && c->pid == 0) continue;
    Watched& w = state.watched[identity_of(*c)];
    if (w.seen != version_ + 1) {
      w.seen = version_ + 1;
      w.place = all.size();
      all.push_back({c, &w});
      continue;
    }
    Consumer& same = *all[w.place].consumer;
    for (std::size_t d = 0; d < domain_count; ++d) same.joules[d] += c->joules[d];
    same.cpu_seconds += c->cpu_seconds;
    same.alive = same.alive || c->alive;
  }
  for (auto it = state.watched.begin(); it != state.watched.end();) {
    if (it->second.seen == version_ + 1) {
      ++it;
      continue;
    }
    forget_name(state, it->second);
    it = state.watched.erase(it);
  }
  const double weight = seconds > 0 ? 1 - std::exp(-seconds / memory_s) : 1;
  for (auto& [c, watched] : all) {
    Watched& w = *watched;
    const double j = sum(c->joules);
    // The monitor summed it up with the ended and it came again meanwhile: it begins anew.
    if (j < w.last - 1e-6) {
      forget_name(state, w);
      w.last = 0;
    }
    if (seconds > 0) w.recent += weight * (std::max(0.0, j - w.last) / seconds - w.recent);
    w.last = j;
    if (!c->alive && !w.leaves) w.leaves = lived_;
  }
  return all;
}

// The hungriest alive are named; who ends or is overtaken leaves, and is told for a while yet. Those that are told stay
// told apart: who would look like another one waits.
void Publisher::give_names(std::vector<Candidate>& all) {
  std::size_t active = 0, told = 0;
  std::map<std::tuple<std::string_view, std::string_view, int>, Candidate*> looks;
  const auto look = [](const Candidate& c) {
    return std::tuple<std::string_view, std::string_view, int>(c.consumer->name, c.consumer->detail, c.consumer->pid);
  };
  const auto is_active = [](const Candidate& c) { return c.watched->named && !c.watched->leaves; };
  for (auto& c : all) {
    Watched& w = *c.watched;
    if (w.named && w.leaves && lived_ - *w.leaves > settings_.kept.base()) w.named = false;
    if (!w.named) continue;
    const auto [it, is_new] = looks.try_emplace(look(c), &c);
    if (!is_new) {  // one of them changed its name meanwhile
      Candidate*& other = it->second;
      const bool later = c.consumer->started > other->consumer->started;
      (later ? other : &c)->watched->named = false;
      if (later) other = &c;
    }
  }
  for (const auto& c : all) {
    told += c.watched->named;
    active += is_active(c);
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Candidate& a, const Candidate& b) { return a.watched->recent > b.watched->recent; });
  looks.clear();
  for (auto& c : all)
    if (c.watched->named) looks.emplace(look(c), &c);
  const auto may_be_told = [&](const Candidate& c) {
    return c.watched->named || (told < 2 * settings_.top && !looks.contains(look(c)));
  };
  const auto activate = [&](Candidate& c) {
    Watched& w = *c.watched;
    w.leaves.reset();
    ++active;
    if (std::exchange(w.named, true)) return;
    looks.emplace(look(c), &c);
    ++told;
    // At the first publication names cost nobody a reset: all begin with what they have.
    w.base = version_ == 0 ? Joules{} : c.consumer->joules;
    w.since = version_ == 0 ? Time{} : now_;
  };
  std::size_t weakest = all.size();  // from there on none is left that could be overtaken
  for (auto& c : all) {
    if (is_active(c) || !c.consumer->alive || (c.watched->recent <= 0 && version_ > 0) || !may_be_told(c)) continue;
    if (active >= settings_.top) {
      while (weakest > 0 && !is_active(all[weakest - 1])) --weakest;
      if (weakest == 0 || all[weakest - 1].watched->recent * worth_a_name >= c.watched->recent) break;
      all[weakest - 1].watched->leaves = lived_;
      --active;
    }
    activate(c);
  }
  // After a reload with fewer.
  for (auto c = all.rbegin(); c != all.rend() && active > settings_.top; ++c)
    if (is_active(*c)) {
      c->watched->leaves = lived_;
      --active;
    }
}

void Publisher::name_level(Level level, std::vector<Consumer*>& consumers, double seconds, std::vector<Consumer>& out) {
  LevelState& state = levels_[level];
  Joules total{};
  for (const Consumer* c : consumers)
    for (std::size_t d = 0; d < domain_count; ++d) total[d] += c->joules[d];
  std::vector<Candidate> all = candidates(state, consumers, seconds);
  give_names(all);

  const double q = settings_.rounding.base();
  Joules rest = total;
  std::vector<Consumer> told;
  for (auto& c : all) {
    Watched& w = *c.watched;
    if (!w.named) {
      forget_name(state, w);
      continue;
    }
    Consumer shown = *c.consumer;
    w.told = true;
    shown.since = std::min(w.since, now_);  // the clock may have been set back
    for (std::size_t d = 0; d < domain_count; ++d) {
      w.mine[d] = std::max(0.0, shown.joules[d] - w.base[d]);
      rest[d] -= w.mine[d];
      shown.joules[d] = w.published[d] = std::max(w.published[d], rounded(w.mine[d], q));
    }
    told.push_back(std::move(shown));
  }
  std::stable_sort(told.begin(), told.end(),
                   [](const Consumer& a, const Consumer& b) { return sum(a.joules) > sum(b.joules); });
  for (auto& c : told) out.push_back(std::move(c));
  Consumer other, once;
  other.level = once.level = level;
  other.name = other_consumers;
  once.name = once_named;
  once.alive = false;
  for (std::size_t d = 0; d < domain_count; ++d) {
    state.gone[d] += std::max(0.0, state.before[d] - total[d]);
    state.before[d] = total[d];
    rest[d] += state.gone[d] - state.once[d];
    other.joules[d] = state.other[d] = std::max(state.other[d], rounded(std::max(0.0, rest[d]), q));
    once.joules[d] = rounded(state.once[d], q);
  }
  out.push_back(std::move(other));
  if (sum(once.joules) > 0) out.push_back(std::move(once));
}

void Publisher::round(Snapshot& seen) {
  const double q = settings_.rounding.base();
  const auto told = [&](const std::string& name, double joules) {
    double& floor = floor_[name];
    if (std::isfinite(joules)) floor = std::max(floor, rounded(joules, q));
    return floor;
  };
  for (auto& c : seen.components) {
    set_value(c.energy, told("component " + c.info.component, c.energy.value().base()));
    c.watts = std::round(c.watts * 10) / 10;
  }
  for (auto& d : seen.domains) {
    const std::string name(to_string(d.domain));
    set_value(d.energy, told("domain " + name, d.energy.value().base()));
    set_value(d.idle, told("idle " + name, d.idle.value().base()));
    d.unattributed = told("unattributed " + name, d.unattributed);
  }
}

}  // namespace wattline::meter
