// The living processes of a machine, and what CPU time each used since the look before.
//
// A look costs one question for each process known. New ones are found by the numbers that the kernel gave out since
// (/proc/loadavg tells the last), without a list of /proc; where that cannot be asked cheaply the list is read. A
// process's files are read when it is new, and again a little later, because it is born with its parent's name and
// container and takes its own soon after. Its environment is read then alone, for the job that a child has from its
// parent otherwise. A number that is given anew is told from the old process by its start time.
// Where /proc hides others' processes (hidepid) their CPU time is still seen and their names are not.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "meter/attribution/cgroup_place.h"
#include "meter/attribution/cpu_times.h"
#include "meter/roots.h"

namespace wattline::meter {

struct WatchedProcess {
  int pid = 0, parent = 0;
  std::int64_t started = 0;  // clock ticks after boot; 0: hidden
  std::string name;
  std::uint32_t user = 0;  // effective
  std::shared_ptr<const CgroupPlace> place;  // never null
  bool hidden = false;  // its files may not be read
  double used = 0;  // s since it began, at the last look
  double worked = 0;  // s since the look before
  double waited = 0;  // s of children that ended and were waited for; the owner of the table renews it
  bool changed = true;  // name, user or place, since the look before; also when new
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
  WatchedProcess* find(int pid);
  // Why processes are not seen, or not by name; "".
  std::string trouble() const;
  const CpuTimes& times() const { return *times_; }

 private:
  bool identify(WatchedProcess&);
  void adopt(int pid, std::int64_t boot_ns);
  void drop(std::size_t index);
  void ask_known(std::int64_t boot_ns);
  void find_new(std::int64_t boot_ns);
  void probe(int first, int last, std::int64_t boot_ns);
  void list(std::int64_t boot_ns, bool doubtful);
  std::shared_ptr<const CgroupPlace> place_of(const std::string& cgroups, const std::string& environment_job = {});
  std::string environment_job(const WatchedProcess&, bool read);

  const Roots roots_;
  const std::unique_ptr<CpuTimes> times_;
  std::vector<WatchedProcess> all_, ended_;
  std::unordered_map<int, std::size_t> index_;  // by pid
  std::map<std::string, std::shared_ptr<const CgroupPlace>> places_;  // by the file's text and the job
  std::int64_t last_look_ns_ = 0, last_list_ns_ = 0;
  int last_pid_ = 0, most_pids_ = 0;
  std::size_t hidden_ = 0;
  bool first_ = true;
  std::string trouble_;
};

}  // namespace wattline::meter
