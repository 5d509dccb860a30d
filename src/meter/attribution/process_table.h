// The living processes of a machine, and what CPU time each used since the look before.
//
// A look costs one question for each process known; the list of /proc is read only when the kernel gave out a number
// since, the files of a process when it is new, and again a little later,
// because a process is born with its parent's name and container and takes its own soon after. A number that is given
// anew is told from the old process by its start time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "meter/attribution/cpu_times.h"
#include "meter/roots.h"

namespace wattline::meter {

struct WatchedProcess {
  int pid = 0, parent = 0;
  std::int64_t started = 0;  // clock ticks after boot
  std::string name;
  std::uint32_t user = 0;  // effective
  std::string cgroups;  // /proc/PID/cgroup as it is
  double used = 0;  // s since it began, at the last look
  double worked = 0;  // s since the look before
  bool changed = true;  // name, user or cgroups, since the look before; also when new
  std::uint32_t account = 0xffffffff;  // for the owner of the table; not touched here

  int looks = 0;  // for the table itself
  std::int64_t identified_ns = 0;
};

class ProcessTable {
 public:
  ProcessTable(Roots, std::unique_ptr<CpuTimes>);

  // `boot_ns`: now, on the clock that counts from boot and goes on while the machine sleeps. What processes used before
  // the first look is not counted as work.
  void look(std::int64_t boot_ns);
  std::vector<WatchedProcess>& processes() { return all_; }
  const std::vector<WatchedProcess>& ended() const { return ended_; }  // since the look before, as last seen
  const WatchedProcess* find(int pid) const;
  // Why not all processes are seen; "".
  const std::string& trouble() const { return trouble_; }
  const CpuTimes& times() const { return *times_; }

 private:
  bool identify(WatchedProcess&) const;
  void adopt(int pid, std::int64_t boot_ns);
  void drop(std::size_t index);
  std::vector<int> list();

  const Roots roots_;
  const std::unique_ptr<CpuTimes> times_;
  std::vector<WatchedProcess> all_, ended_;
  std::unordered_map<int, std::size_t> index_;  // by pid
  std::int64_t last_look_ns_ = 0;
  int last_pid_ = 0;
  bool first_ = true;
  std::string trouble_;
};

}  // namespace wattline::meter
