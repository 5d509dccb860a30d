#include "meter/attribution/energy_book.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace wattline::meter {
namespace {

constexpr Level group_level(std::size_t i) {
  constexpr Level levels[] = {Level::container, Level::pod, Level::user, Level::job, Level::service};
  return levels[i];
}

double not_negative(double v) { return std::isfinite(v) && v > 0 ? v : 0; }

double total(const Consumer& c) { return std::accumulate(c.joules.begin(), c.joules.end(), 0.0); }

}  // namespace

EnergyBook::EnergyBook(std::size_t most_ended) : most_ended_(most_ended) {
  for (std::size_t i = 0; i < level_count; ++i) {
    sum_of_ended_[i] = add(static_cast<Level>(i), "ended", {}, 0, 0);
    accounts_[sum_of_ended_[i]].consumer.alive = false;
  }
  for (std::size_t i = 0; i < group_levels; ++i) outside_[i] = add(group_level(i), "outside", {}, 0, 0);
}

AccountId EnergyBook::add(Level level, std::string name, std::string detail, int pid, std::int64_t started) {
  AccountId id;
  if (free_.empty()) {
    id = static_cast<AccountId>(accounts_.size());
    accounts_.emplace_back();
  } else {
    id = free_.back();
    free_.pop_back();
    accounts_[id] = {};
  }
  Consumer& c = accounts_[id].consumer;
  c.level = level;
  c.name = std::move(name);
  c.detail = std::move(detail);
  c.pid = pid;
  c.started = started;
  return id;
}

AccountId EnergyBook::join(Level level, const std::string& name, const std::string& detail) {
  const auto [it, is_new] = groups_.try_emplace({level, name}, no_account);
  if (is_new) it->second = add(level, name, detail, 0, 0);
  Account& group = accounts_[it->second];
  if (group.members++ == 0 && !group.consumer.alive) {
    group.consumer.alive = true;
    std::erase(ended_[static_cast<std::size_t>(level)], it->second);
  }
  return it->second;
}

std::array<AccountId, EnergyBook::group_levels> EnergyBook::join_all(const Belonging& b) {
  const std::string* names[] = {&b.container, &b.pod, &b.user, &b.job, &b.service};
  std::array<AccountId, group_levels> out;
  for (std::size_t i = 0; i < group_levels; ++i)
    out[i] = names[i]->empty()
                 ? outside_[i]
                 : join(group_level(i), *names[i], group_level(i) == Level::container ? b.pod : std::string());
  return out;
}

void EnergyBook::leave(AccountId id) {
  if (std::find(outside_.begin(), outside_.end(), id) != outside_.end()) return;
  Account& group = accounts_[id];
  if (--group.members == 0) retire(id);
}

AccountId EnergyBook::open_process(std::string name, int pid, std::int64_t started, const Belonging& b) {
  const auto groups = join_all(b);
  const AccountId id = add(Level::process, std::move(name), b.container, pid, started);
  accounts_[id].groups = groups;
  return id;
}

AccountId EnergyBook::open(Level level, std::string name, std::string detail, int pid, std::int64_t started) {
  return add(level, std::move(name), std::move(detail), pid, started);
}

void EnergyBook::change(AccountId process, std::string name, const Belonging& b) {
  const auto before = accounts_[process].groups;
  const auto groups = join_all(b);  // first in, then out: a group that stays the same does not end between
  for (const AccountId g : before) leave(g);
  Account& a = accounts_[process];
  a.groups = groups;
  a.consumer.name = std::move(name);
  a.consumer.detail = b.container;
}

void EnergyBook::end(AccountId id) {
  if (accounts_[id].consumer.level == Level::process)
    for (const AccountId g : accounts_[id].groups) leave(g);
  retire(id);
}

void EnergyBook::retire(AccountId id) {
  const auto level = static_cast<std::size_t>(accounts_[id].consumer.level);
  accounts_[id].consumer.alive = false;
  auto& ended = ended_[level];
  ended.push_back(id);
  // Some more than are kept, so that the choice is made rarely.
  if (ended.size() <= most_ended_ + most_ended_ / 4 + 16) return;
  const auto keep = ended.begin() + static_cast<std::ptrdiff_t>(most_ended_);
  std::nth_element(ended.begin(), keep, ended.end(), [this](AccountId a, AccountId b) {
    return total(accounts_[a].consumer) > total(accounts_[b].consumer);
  });
  Consumer& sum = accounts_[sum_of_ended_[level]].consumer;
  for (auto it = keep; it != ended.end(); ++it) {
    Account& a = accounts_[*it];
    for (std::size_t d = 0; d < domain_count; ++d) sum.joules[d] += a.consumer.joules[d];
    sum.cpu_seconds += a.consumer.cpu_seconds;
    const auto group = groups_.find({a.consumer.level, a.consumer.name});
    if (group != groups_.end() && group->second == *it) groups_.erase(group);
    a = {};
    a.free = true;
    free_.push_back(*it);
    ++forgotten_;
  }
  ended.erase(keep, ended.end());
}

void EnergyBook::add_seconds(AccountId process, double seconds) {
  seconds = not_negative(seconds);
  accounts_[process].consumer.cpu_seconds += seconds;
  for (const AccountId g : accounts_[process].groups) accounts_[g].consumer.cpu_seconds += seconds;
}

void EnergyBook::give(AccountId id, std::size_t domain, double joules) {
  accounts_[id].consumer.joules[domain] += joules;
}

void EnergyBook::share(Domain domain, double joules, double idle, const std::vector<Work>& work, double unseen) {
  const auto d = static_cast<std::size_t>(domain);
  joules = not_negative(joules);
  idle = std::min(not_negative(idle), joules);
  const double active = joules - idle;
  double all = not_negative(unseen);
  for (const Work& w : work) all += not_negative(w.amount);
  Sums& sums = sums_[d];
  sums.energy += joules;
  sums.idle += idle;
  if (!(all > 0) || !std::isfinite(all)) {
    sums.unattributed += active;
    return;
  }
  sums.unattributed += active * (not_negative(unseen) / all);
  for (const Work& w : work) {
    const double part = active * (not_negative(w.amount) / all);
    if (part == 0) continue;
    give(w.account, d, part);
    for (const AccountId g : accounts_[w.account].groups)
      if (g != no_account) give(g, d, part);
    for (const AccountId a : w.also)
      if (a != no_account) give(a, d, part);
  }
}

std::vector<Consumer> EnergyBook::consumers() const {
  std::vector<Consumer> out;
  std::array<bool, level_count> somebody{};
  somebody[static_cast<std::size_t>(Level::process)] = true;
  for (const auto& [key, id] : groups_) somebody[static_cast<std::size_t>(key.first)] = true;
  for (const Account& a : accounts_) {
    const Consumer& c = a.consumer;
    const auto id = static_cast<AccountId>(&a - accounts_.data());
    const bool sum = id < level_count + group_levels;  // "ended" and "outside"
    if (a.free || (sum && total(c) == 0 && c.cpu_seconds == 0)) continue;
    if (sum && id >= level_count && !somebody[static_cast<std::size_t>(c.level)] &&
        accounts_[sum_of_ended_[static_cast<std::size_t>(c.level)]].consumer.cpu_seconds == 0)
      continue;
    out.push_back(c);
  }
  std::stable_sort(out.begin(), out.end(), [](const Consumer& a, const Consumer& b) {
    if (a.level != b.level) return a.level < b.level;
    return total(a) != total(b) ? total(a) > total(b) : a.cpu_seconds > b.cpu_seconds;
  });
  return out;
}

}  // namespace wattline::meter
