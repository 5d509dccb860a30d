// Tells a signal that went to our whole process group, and so to the command too, from one sent to us alone, which the
// kernel does not say: a process that does nothing stands in the group, and sees only what the group gets.
#pragma once

#include <cstdint>

#include <sys/types.h>

namespace wattline::meter {

class GroupWitness {
 public:
  // Starts the process; to be called while all signals are blocked, by one thread at a time. Where none can be made it
  // sees nothing.
  GroupWitness();
  ~GroupWitness();
  GroupWitness(const GroupWitness&) = delete;
  GroupWitness& operator=(const GroupWitness&) = delete;

  // A child of ours that wait() without __WCLONE does not see; 0: there is none.
  pid_t pid() const { return pid_; }
  // Whether a signal that reached us a moment ago reached the group, not before `since` (monotonic ns); each is told
  // once. Takes two milliseconds, at most 50. May be called in a signal handler.
  bool saw(int signal, std::int64_t since);

 private:
  struct Seen;
  Seen* seen_ = nullptr;  // shared with the process
  pid_t pid_ = 0;
};

}  // namespace wattline::meter
