// CPU time that the kernel's records of ended processes (exit_records.h) lack.
//
// The scheduler's sum that a record holds is brought up to date at ticks of the kernel's clock, when a process gives its
// processor up, and when somebody asks: a process shorter than a tick (4 ms) tells of next to nothing. What comes after the
// record, such as the taking down of its memory, is not in it either. Both are in the sum that a parent keeps of
// the children it waited for (/proc/PID/stat, fields 16 and 17), which is exact: what that rises by beyond what is known
// of the children is booked to them, by how much each record may lack.
//
// Sums are read before the table of processes is looked at, and the records after that: whoever is in a sum has its
// record by then, so that nothing is booked twice. Not told: children nobody waits for.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

#include "meter/attribution/energy_book.h"
#include "meter/attribution/exit_records.h"
#include "meter/attribution/process_table.h"

namespace wattline::meter {

class Unrecorded {
 public:
  explicit Unrecorded(Roots);

  // Reads the sums of those whose children ended lately: some microseconds for each.
  void read(const std::vector<ExitRecord>& told, std::int64_t now_ns);

  struct Ended {
    int pid = 0, parent = 0;
    AccountId account = no_account;
    double known = 0;  // s booked of it, and in its own sum of children when that was last read
    double room = 0;  // s that its record may lack
  };
  // In any order; their accounts stay open until `over` names them.
  void ended(const Ended&, std::int64_t now_ns);

  // Calls `book` with what is found. Accounts that are given nothing more are put behind `over`. A parent whose children
  // are not known one by one gets what is theirs itself; where records were lost that is all beyond what the others may
  // lack.
  void settle(ProcessTable&, std::int64_t now_ns, bool lost, const std::function<void(AccountId, double)>& book,
              std::vector<AccountId>& over);
  // What was told so far is of a time before the watch.
  void begin();

  // s that a record may lack; 0 when it does not say how long the process was there.
  double room_of(const ExitRecord&, double known) const;
  double most_room() const { return kernel_tick_; }

 private:
  struct Child {
    AccountId account;
    double room;
    std::int64_t since_ns;
  };
  struct Family {
    double known = 0;  // s of ended children that the parent's sum does not hold yet
    std::vector<Child> children;
    std::int64_t news_ns = 0;
  };
  struct Reading {
    double waited;
    std::int64_t started;
  };
  void hand_up();
  // Returns what is left for the parent.
  static double share(double seconds, std::vector<Child>&, bool lost,
                      const std::function<void(AccountId, double)>& book);

  const Roots roots_;
  const double clock_tick_, kernel_tick_;  // s
  std::unordered_map<int, Family> families_;  // by parent
  std::unordered_map<int, int> gone_;  // parents of those that ended in this look
  std::unordered_map<int, Reading> readings_;  // of this look
  std::int64_t last_read_ns_ = 0;
};

}  // namespace wattline::meter
