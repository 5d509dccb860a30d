// Who did what of the processor's work in a tick: the processes alive, those that ended since, and how much is nobody's.
//
// Processes that come and go between two ticks: where the kernel tells of every end (exit_listener.h) each is booked
// under its own name, with what its parent's sum has beyond its record (unrecorded.h). Otherwise once a second the parents' sums and then the cgroups' are asked, and what those explain
// is booked to the parent, or to "short-lived" of the cgroup; the rest is nobody's.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "meter/attribution/cgroup_rest.h"
#include "meter/attribution/claims.h"
#include "meter/attribution/energy_book.h"
#include "meter/attribution/exit_listener.h"
#include "meter/attribution/process_table.h"
#include "meter/attribution/sharing.h"
#include "meter/attribution/unrecorded.h"
#include "meter/attribution/unseen.h"
#include "meter/attribution/users.h"
#include "meter/attribution/waited_times.h"

namespace wattline::meter {

class WorkWatch {
 public:
  // `threads`: of the machine. The listener may be null; `why_no_exits` then says why.
  WorkWatch(const Roots&, int threads, std::unique_ptr<CpuTimes>, std::unique_ptr<ExitListener>,
            std::string why_no_exits);

  // `busy`: CPU seconds of the machine since the look before, where known. Opens accounts in the book.
  void look(std::int64_t boot_ns, std::optional<double> busy, EnergyBook&);
  const std::vector<Done>& done() const { return done_; }
  double unseen() const { return unseen_; }  // s of this tick
  // Ends the accounts of what ended; after the tick's joules are shared.
  void close(EnergyBook&);

  // Places that processes are in now.
  std::vector<std::shared_ptr<const CgroupPlace>> places();
  // Of what is done in a cgroup as a whole.
  Belonging belonging(const CgroupPlace&, std::uint32_t user);
  ProcessTable& table() { return table_; }
  std::vector<std::string> warnings() const;

 private:
  void book_living(EnergyBook&, double& seen);
  void book_exits(std::int64_t boot_ns, EnergyBook&, double& seen);
  void book_claims(std::int64_t boot_ns, double& unseen, EnergyBook&);
  // Those of places that nobody is in any more: containers come and go for as long as the machine runs.
  void end_short_lived_of_others(const std::vector<std::shared_ptr<const CgroupPlace>>& there);
  Belonging of_process(const CgroupPlace&, std::uint32_t user);
  void add(AccountId, int pid, double seconds, EnergyBook&);

  ProcessTable table_;
  std::unique_ptr<ExitListener> exits_;
  const std::string why_no_exits_;
  Unseen balance_;
  Users users_;
  Claims claims_;
  WaitedTimes waited_;
  Unrecorded unrecorded_;
  CgroupRest cgroups_;
  std::vector<Done> done_;
  std::vector<AccountId> ending_;
  std::vector<ExitRecord> told_;  // of processes that the table still has
  std::map<std::string, AccountId> short_lived_;  // by container, pod, job
  double unseen_ = 0;
  std::int64_t last_claims_ns_ = 0;
  bool first_ = true, lost_ = false, lost_now_ = false, claimed_ = false;
};

}  // namespace wattline::meter
