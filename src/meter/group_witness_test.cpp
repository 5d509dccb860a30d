#include "meter/group_witness.h"

#include <csignal>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/testing.h"
#include "kernel/time.h"

namespace wattline::meter {
namespace {

// In a process group of its own with all signals blocked; what `check` returns.
int in_a_group(int (*check)(GroupWitness&)) {
  const pid_t job = ::fork();
  if (job == 0) {
    ::setpgid(0, 0);
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    GroupWitness witness;
    ::_exit(check(witness));
  }
  int status = 0;
  ::waitpid(job, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(GroupWitness, TellsTheGroupsSignalsFromOurs) {
  EXPECT_EQ(in_a_group([](GroupWitness& w) {
              if (w.pid() <= 0) return 1;
              ::kill(::getpid(), SIGTERM);
              if (w.saw(SIGTERM, 0)) return 2;
              ::kill(0, SIGTERM);
              if (w.saw(SIGINT, 0)) return 3;
              if (!w.saw(SIGTERM, 0)) return 4;
              if (w.saw(SIGTERM, 0)) return 5;  // it is told once
              ::kill(0, SIGCONT);
              ::kill(0, SIGINT);
              if (w.saw(SIGINT, monotonic_ns() + 1'000'000'000)) return 6;  // it came before
              return w.saw(SIGCONT, 0) ? 0 : 7;
            }),
            0);
}

TEST(GroupWitness, IsNoChildThatOthersWaitFor) {
  EXPECT_EQ(in_a_group([](GroupWitness& w) {
              siginfo_t seen{};
              if (::waitid(P_ALL, 0, &seen, WEXITED | WNOHANG) == 0) return 1;
              const pid_t pid = w.pid();
              w.~GroupWitness();
              new (&w) GroupWitness();
              return ::kill(pid, 0) == 0 && pid != w.pid() ? 2 : 0;
            }),
            0);
}

// However short the time is that it stands there.
TEST(GroupWitness, KeepsNoFileOpenOrLocked) {
  wattline::tests::ScratchDir dir;
  const std::string file = (dir.path() / "records").string();
  for (int i = 0; i < 200; ++i) {
    const int held = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ASSERT_GE(held, 0);
    ASSERT_EQ(::flock(held, LOCK_EX | LOCK_NB), 0) << i;
    { GroupWitness witness; }
    ::close(held);
  }
}

}  // namespace
}  // namespace wattline::meter
