// What a monitor has seen of a machine since it began: joules that only grow, component by component, and whose work
// they were. Rates are differences of two snapshots; what was not seen is a gap and never a zero.
//
// Of each domain (processor, memory, GPU ...), at every instant and on every level:
//   energy = idle + the sum over consumers of their active energy + unattributed.
// Levels see the same joules: a process is part of its container, its pod, its user, its job and its service, so that
// consumers are added up within one level and never across.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "kernel/estimate.h"
#include "kernel/time.h"
#include "meter/source.h"

namespace wattline::meter {

inline constexpr std::size_t domain_count = 5;  // of the enumeration Domain

struct ComponentSeen {
  SourceInfo info;  // family "model": nothing is read, and the figure is modelled
  Estimate<Energy> energy;  // of the time it was read in
  double watts = 0;  // mean of the last tick; NaN: not read in it
  Duration missing{0};  // not read in
  std::string trouble;  // why it is not read now; "" it is
};

enum class Level { process, container, pod, user, job, gpu_process, gpu_slice, service };
inline constexpr std::size_t level_count = 8;
std::string_view to_string(Level);

struct Consumer {
  Level level = Level::process;
  std::string name;  // of the process, or the container's id, the user's name, the job's number, the unit of systemd
  std::string detail;  // container of a process, pod of a container; "" none
  int pid = 0;  // of a process
  std::int64_t started = 0;  // clock ticks after boot: a process id used again is another process
  bool alive = true;
  double cpu_seconds = 0;  // used while it was watched
  std::array<double, domain_count> joules{};  // active energy by domain
  Time since{};  // when the joules began at 0, where that is later than the snapshot's own beginning; 0: it is not
};

// What tells a consumer from the others of its level, in this snapshot and in later ones: a process may change its name
// and stays the same; on two boards it is two consumers.
using ConsumerIdentity = std::tuple<std::string, std::string, int, std::int64_t>;
ConsumerIdentity identity_of(const Consumer&);

struct DomainSeen {
  Domain domain = Domain::other;
  Estimate<Energy> energy, idle;  // idle: what the machine would have drawn without any work
  double unattributed = 0;  // J: work of processes that came and went unseen, and what none of them explains
  std::string how;  // "share of CPU time"; "" nobody's: shown and not shared out
  double spread = 0;  // half of the 95 % interval of a consumer's share, relative, the domain's own left out
};

struct Snapshot {
  Time started, now;  // UTC
  Duration covered{0}, missing{0};  // missing: asleep, or nothing read for more than three intervals
  std::vector<ComponentSeen> components;
  std::vector<DomainSeen> domains;
  std::vector<Consumer> consumers;  // every level; the hungriest first within one
  std::size_t forgotten = 0;  // ended consumers summed up under the name "ended" of their level
  std::uint64_t ticks = 0;
  std::vector<std::string> warnings;

  // Since it began, by a clock that nobody sets: `now` and `started` may jump, this does not.
  Duration lived() const { return covered + missing; }
};

}  // namespace wattline::meter
