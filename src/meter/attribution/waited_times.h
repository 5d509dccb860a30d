// CPU time of processes that came and went unseen, from the sums that their parents keep of children they waited for
// (/proc/PID/stat, fields 16 and 17). What was seen of a child before it ended is taken off.
//
// Not told: children nobody waits for, and those of a parent that ended itself before it was looked at.
#pragma once

#include <unordered_map>
#include <utility>
#include <vector>

#include "meter/attribution/process_table.h"

namespace wattline::meter {

class WaitedTimes {
 public:
  explicit WaitedTimes(Roots roots) : roots_(std::move(roots)) {}

  // A process of the table ended: its parent will be told what was seen of it already.
  void ended(const WatchedProcess&);
  // Reads every process's sum; gives those whose children did more than was seen of them, with the seconds. Costs
  // some microseconds a process: for about once a second.
  std::vector<std::pair<WatchedProcess*, double>> look(ProcessTable&);

 private:
  const Roots roots_;
  std::unordered_map<int, double> seen_;  // by parent, s of its ended children that were seen
};

}  // namespace wattline::meter
