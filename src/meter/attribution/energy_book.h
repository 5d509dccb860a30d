// Shares joules out among consumers so that none is lost and none counted twice.
//
// Of each domain and on each level, always:
//   energy = idle + the sum over accounts + unattributed.
// A process belongs to at most one account of each level above (container, pod, user, job, service); what belongs to none is
// summed up under the name "outside" of that level. Pure arithmetic: no input or output, no clock.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "meter/monitor/snapshot.h"

namespace wattline::meter {

using AccountId = std::uint32_t;
inline constexpr AccountId no_account = 0xffffffff;

// What one consumer did in a tick, in a measure that all of them share (seconds of CPU time).
struct Work {
  AccountId account = no_account;  // of a process
  double amount = 0;
  std::array<AccountId, 2> also = {no_account, no_account};  // the same joules on the levels of a GPU
};

// Whose a process is; "" of a level: nobody's.
struct Belonging {
  std::string container, pod, user, job, service;
  bool operator==(const Belonging&) const = default;
};

class EnergyBook {
 public:
  // Of accounts that ended, the hungriest `most_ended` of each level are kept; the others are summed up in the account
  // "ended" of their level.
  explicit EnergyBook(std::size_t most_ended);

  AccountId open_process(std::string name, int pid, std::int64_t started, const Belonging&);
  // An account of its own on a level that no process belongs to by name (gpu_process, gpu_slice).
  AccountId open(Level, std::string name, std::string detail, int pid, std::int64_t started = 0);
  // From now on; what was used before stays where it is.
  void change(AccountId process, std::string name, const Belonging&);
  // It works no more, and may still be given what it did.
  void died(AccountId id) { accounts_[id].consumer.alive = false; }
  // Its id may be given to another from now on.
  void end(AccountId);

  void add_seconds(AccountId process, double seconds);
  // Books `joules` of a domain: at most `idle` of them as idle, the others by the amounts of work; `unseen` is work of
  // the same measure that is nobody's. What is not finite or negative counts as 0. Without any work the rest is
  // unattributed.
  void share(Domain, double joules, double idle, const std::vector<Work>&, double unseen);

  struct Sums {
    double energy = 0, idle = 0, unattributed = 0;  // J
  };
  const Sums& sums(Domain d) const { return sums_[static_cast<std::size_t>(d)]; }
  // Consumers by level, the hungriest first; levels above the process only where somebody is on them.
  std::vector<Consumer> consumers() const;
  std::size_t forgotten() const { return forgotten_; }

 private:
  static constexpr std::size_t group_levels = 5;
  static constexpr std::array<AccountId, group_levels> no_groups() {
    std::array<AccountId, group_levels> out;
    out.fill(no_account);
    return out;
  }
  struct Account {
    Consumer consumer;
    std::array<AccountId, group_levels> groups = no_groups();  // of a process
    std::size_t members = 0;  // of a group
    bool free = false;
  };
  AccountId add(Level, std::string name, std::string detail, int pid, std::int64_t started);
  AccountId join(Level, const std::string& name, const std::string& detail);
  std::array<AccountId, group_levels> join_all(const Belonging&);
  void leave(AccountId group);
  void retire(AccountId);
  void give(AccountId, std::size_t domain, double joules);

  const std::size_t most_ended_;
  std::vector<Account> accounts_;
  std::vector<AccountId> free_;
  std::map<std::pair<Level, std::string>, AccountId> groups_;
  std::array<std::vector<AccountId>, level_count> ended_;
  std::array<AccountId, level_count> sum_of_ended_{};
  std::array<AccountId, group_levels> outside_{};
  std::array<Sums, domain_count> sums_{};
  std::size_t forgotten_ = 0;
};

}  // namespace wattline::meter
