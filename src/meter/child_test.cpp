// Real processes: exit codes, signals, children that fork.
#include "meter/child.h"

#include <csignal>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/testing.h"

namespace wattline::meter {
namespace {

using wattline::tests::ScratchDir;

ChildOutcome shell(const std::string& script) { return run_child({"/bin/sh", "-c", script}); }

TEST(Child, ExitCodesPassThrough) {
  EXPECT_EQ(shell("exit 0").exit_code, 0);
  EXPECT_EQ(shell("exit 7").exit_code, 7);
  EXPECT_EQ(shell("exit 255").exit_code, 255);
}

TEST(Child, EndedBySignals) {
  for (const int s : {SIGTERM, SIGKILL, SIGINT, SIGSEGV}) {
    const auto out = shell("ulimit -c 0; kill -" + std::to_string(s) + " $$");
    EXPECT_EQ(out.exit_code, 128 + s);
    EXPECT_EQ(out.signal, s);
  }
}

TEST(Child, NotFoundAndNotExecutable) {
  const auto missing = run_child({"no-such-command-anywhere"});
  EXPECT_EQ(missing.exit_code, 127);
  EXPECT_FALSE(missing.not_started.empty());
  ScratchDir dir;
  const std::string file = (dir.path() / "data").string();
  std::ofstream(file) << "no program";
  EXPECT_EQ(run_child({file}).exit_code, 126);
  EXPECT_EQ(run_child({dir.path().string()}).exit_code, 126) << "a folder";
  EXPECT_EQ(run_child({""}).exit_code, 127);
  // A program that itself says 127 was started.
  EXPECT_TRUE(shell("exit 127").not_started.empty());
}

TEST(Child, ArgumentsAndScriptsWithoutAHeading) {
  ScratchDir dir;
  const std::string script = (dir.path() / "script").string();
  std::ofstream(script) << "test \"$1\" = 'two words' && test \"$2\" = '--label' || exit 9\n";
  ::chmod(script.c_str(), 0755);
  EXPECT_EQ(run_child({script, "two words", "--label"}).exit_code, 0);
}

TEST(Child, CpuTimeOfDescendantsCounts) {
  const std::string burn = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done";
  const auto out = shell("(" + burn + ") & (" + burn + ") & wait");
  EXPECT_GT((out.user + out.system).base(), 0.02);
  EXPECT_GT(out.most_memory.base(), 1e5);
  EXPECT_EQ(out.left_running, 0);
  EXPECT_GE(out.end, out.begin);
}

TEST(Child, OrphansThatEndedAreWaitedForAndThoseThatLiveOnAreSaid) {
  ScratchDir dir;
  const std::string pid_file = (dir.path() / "pid").string();
  const auto out = shell("sleep 60 >/dev/null 2>&1 & echo $! >" + pid_file);
  EXPECT_EQ(out.exit_code, 0);
  EXPECT_EQ(out.left_running, 1);
  pid_t pid = 0;
  std::ifstream(pid_file) >> pid;
  ASSERT_GT(pid, 1);
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
}

TEST(Child, SignalsSentToUsReachIt) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "ThreadSanitizer holds a signal back until the next call, and waitid() is restarted below it";
#endif
  ScratchDir dir;
  const std::string ready = (dir.path() / "ready").string();
  for (const int s : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) {
    ::unlink(ready.c_str());
    std::thread sender([&] {
      while (::access(ready.c_str(), F_OK) != 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
      ::kill(::getpid(), s);
    });
    // It answers with a code of its own: the handler ran, and we lived on.
    const auto out =
        shell("trap 'exit 42' TERM INT HUP USR1; : >" + ready + "; for i in $(seq 1000); do sleep 0.01; done");
    sender.join();
    EXPECT_EQ(out.exit_code, 42) << s;
  }
}

TEST(Child, HandlingIsAsBeforeAfterwards) {
  std::signal(SIGUSR1, SIG_IGN);
  // What was ignored stays ignored for the command.
  EXPECT_EQ(shell("kill -USR1 $$; exit 3").exit_code, 3);
  struct sigaction now {};
  ::sigaction(SIGUSR1, nullptr, &now);
  EXPECT_EQ(now.sa_handler, SIG_IGN);
  std::signal(SIGUSR1, SIG_DFL);
  ::sigaction(SIGTERM, nullptr, &now);
  EXPECT_EQ(now.sa_handler, SIG_DFL);
}

TEST(Child, OurChoiceForClosedPipesIsNotTheCommands) {
  std::signal(SIGPIPE, SIG_IGN);
  EXPECT_EQ(shell("kill -PIPE $$; exit 3").exit_code, 128 + SIGPIPE);
  std::signal(SIGPIPE, SIG_DFL);
}

}  // namespace
}  // namespace wattline::meter
