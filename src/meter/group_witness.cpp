#include "meter/group_witness.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <new>

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace wattline::meter {

struct GroupWitness::Seen {
  std::atomic<std::int64_t> at[65];  // monotonic ns, of each signal; 0: not
  std::atomic<std::uint32_t> asked, answered;
  std::atomic<bool> alone;  // it has none of our files open any more
};

namespace {

constexpr std::int64_t a_moment = 1'000'000'000;

std::int64_t now_ns() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

// Killed and not waited for yet: its end takes longer than ours may.
pid_t ended = 0;

void pause_ms(long milliseconds) {
  timespec t{0, milliseconds * 1'000'000};
  while (::nanosleep(&t, &t) != 0) {}
}

}  // namespace

GroupWitness::GroupWitness() {
  if (const pid_t last = ended; last > 0) ::waitpid(last, nullptr, __WCLONE);
  ended = 0;
  void* const page = ::mmap(nullptr, sizeof(Seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return;
  seen_ = new (page) Seen();
  const pid_t parent = ::getpid();
  // As fork(), but its end sends no signal: whoever waits for children is not told of it.
  const long made = ::syscall(SYS_clone, 0, 0, 0, 0, 0);
  if (made != 0) {
    pid_ = made > 0 ? static_cast<pid_t>(made) : 0;
    return;
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_NAME, "wattline-group");
  if (::getppid() != parent) ::_exit(0);
  ::syscall(SYS_close_range, 0, ~0U, 0);  // a pipe that it held would not end, a file stay locked
  seen_->alone = true;
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  while (true) {
    // The lowest number that waits comes first: when the question comes, all that came before it is noted.
    const int signal = ::sigwaitinfo(&all, nullptr);
    if (signal == SIGRTMAX) seen_->answered = seen_->asked.load();
    else if (signal > 0 && signal < 65) seen_->at[signal] = now_ns();
  }
}

GroupWitness::~GroupWitness() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    // Of a run so short that it did not come to it, its end closes them.
    if (seen_->alone) ended = pid_;
    else
      while (::waitpid(pid_, nullptr, __WCLONE) < 0 && errno == EINTR) {}
  }
  if (seen_) ::munmap(seen_, sizeof(Seen));
}

bool GroupWitness::saw(int signal, std::int64_t since) {
  if (pid_ <= 0 || signal <= 0 || signal >= 65) return false;
  // Service managers tell the processes of a service one after the other.
  pause_ms(2);
  const std::uint32_t question = ++seen_->asked;
  if (::kill(pid_, SIGRTMAX) != 0) return false;
  for (int i = 0; i < 48 && static_cast<std::int32_t>(seen_->answered - question) < 0; ++i) pause_ms(1);
  const std::int64_t at = seen_->at[signal].exchange(0);
  return at != 0 && at >= since && now_ns() - at < a_moment;
}

}  // namespace wattline::meter
