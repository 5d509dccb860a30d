// Real processes: exit codes, signals, children that fork.
#include "meter/child.h"

#include <csignal>
#include <fstream>
#include <functional>
#include <thread>

#include <fcntl.h>
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

// Somebody may have started us with SIGCHLD ignored, and then the kernel keeps no exit codes.
TEST(Child, ExitCodesAreSeenWhereChildrenAreIgnored) {
  std::signal(SIGCHLD, SIG_IGN);
  EXPECT_EQ(shell("exit 7").exit_code, 7);
  struct sigaction now {};
  ::sigaction(SIGCHLD, nullptr, &now);
  EXPECT_EQ(now.sa_handler, SIG_IGN);
  EXPECT_EQ(run_child({"grep", "-q", "SigIgn:.*1....$", "/proc/self/status"}).exit_code, 0)
      << "as it was for us it is for the command: bit 17";
  std::signal(SIGCHLD, SIG_DFL);
}

// In a process group of its own, as a shell would start us: stopped and continued as a job is.
int exit_code_of_job(const std::string& script, const std::function<void(pid_t)>& meanwhile) {
  const pid_t job = ::fork();
  if (job == 0) {
    ::setpgid(0, 0);
    ::_exit(shell(script).exit_code);
  }
  ::setpgid(job, job);
  meanwhile(job);
  int status = 0;
  ::waitpid(job, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
bool stops(pid_t job) {
  int status = 0;
  return ::waitpid(job, &status, WUNTRACED) == job && WIFSTOPPED(status);
}

// Counts what reaches the command, a line each, until there is a file `go`.
int signals_counted(const std::function<void(pid_t)>& send) {
  ScratchDir dir;
  const std::string ready = (dir.path() / "ready").string(), seen = (dir.path() / "seen").string();
  exit_code_of_job(
      "trap 'echo x >>" + seen + "' INT; : >" + ready + "; while [ ! -e " + ready + ".go ]; do sleep 0.02; done",
      [&](pid_t job) {
        while (::access(ready.c_str(), F_OK) != 0) ::usleep(2000);
        send(job);
        while (::access(seen.c_str(), F_OK) != 0) ::usleep(2000);
        ::usleep(150'000);  // for the second one, were there one
        std::ofstream(ready + ".go") << "";
      });
  std::ifstream in(seen);
  int lines = 0;
  for (std::string line; std::getline(in, line);) ++lines;
  return lines;
}

TEST(Child, WhatIsSentToUsIsPassedOn) {
  EXPECT_EQ(signals_counted([](pid_t job) { ::kill(job, SIGINT); }), 1);
  EXPECT_GE(signals_counted([](pid_t job) { ::kill(-job, SIGINT); }), 1) << "never lost, be it told twice";
}

TEST(Child, AStoppedCommandIsAStoppedJob) {
  EXPECT_EQ(exit_code_of_job("kill -TSTP $$; exit 5",
                             [](pid_t job) {
                               EXPECT_TRUE(stops(job));
                               ::kill(job, SIGCONT);
                             }),
            5);
}

TEST(Child, AskedToStopWeAskTheCommand) {
  ScratchDir dir;
  const std::string ready = (dir.path() / "ready").string();
  EXPECT_EQ(
      exit_code_of_job(": >" + ready + "; for i in $(seq 1000); do sleep 0.01; [ -e " + ready + ".go ] && exit 6; done",
                       [&](pid_t job) {
                         while (::access(ready.c_str(), F_OK) != 0) ::usleep(2000);
                         ::kill(job, SIGTSTP);
                         EXPECT_TRUE(stops(job));
                         std::ofstream(ready + ".go") << "";
                         ::kill(job, SIGCONT);
                       }),
      6);
}

TEST(Child, WhatStopsAndWakesTheCommandAloneIsNotOurs) {
  EXPECT_EQ(shell("(sleep 0.2; kill -CONT $$) & kill -STOP $$; exit 4").exit_code, 4);
}

TEST(Child, OneThatIgnoresSignalsIsWaitedFor) {
  ScratchDir dir;
  const std::string ready = (dir.path() / "ready").string();
  std::thread sender([&] {
    while (::access(ready.c_str(), F_OK) != 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    for (const int s : {SIGTERM, SIGINT, SIGHUP}) ::kill(::getpid(), s);
  });
  const auto out = shell("trap '' TERM INT HUP; : >" + ready + "; sleep 0.3; exit 8");
  sender.join();
  EXPECT_EQ(out.exit_code, 8);
  EXPECT_GE(out.length.base(), 0.3);
}

// In a process of its own: where others' children are about, orphans are not waited for, as their ends are not ours.
TEST(Child, OrphansThatEndAreWaitedForMeanwhile) {
  const pid_t own = ::fork();
  if (own == 0) {
    // Ten daemons, twice forked, that end while the command goes on; it waits until its parent has no zombies.
    const auto out = shell(
        "for i in 1 2 3 4 5 6 7 8 9 10; do (setsid sh -c 'exit 0' &) ; done;"
        "for i in $(seq 500); do sleep 0.02; n=0; for p in $(cat /proc/$PPID/task/*/children); do"
        "  grep -qs wattline-group /proc/$p/comm && continue;"
        "  if [ $p != $$ ]; then n=$((n+1)); fi; done; [ $n = 0 ] && exit 0; done; exit 1");
    ::_exit(out.left_running != 0 ? 2 : out.exit_code);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(own, &status, 0), own);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0) << "1: zombies, 2: left running";
}

TEST(Child, WhatOutlivedAnEarlierRunIsNotOfTheNext) {
  // It burns time in the second run, and ends in it.
  const std::string burn = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done";
  EXPECT_EQ(shell("(" + burn + ") >/dev/null 2>&1 & exit 0").left_running, 1);
  const auto out = shell(
      "for i in $(seq 500); do sleep 0.02; n=0; for p in $(cat /proc/$PPID/task/*/children); do"
      "  grep -qs wattline-group /proc/$p/comm && continue;"
      "  if [ $p != $$ ]; then n=$((n+1)); fi; done; [ $n = 0 ] && exit 0; done; exit 1");
  EXPECT_EQ(out.exit_code, 0);
  EXPECT_EQ(out.left_running, 0);
}

TEST(Child, ClosedDescriptorsAndNoInput) { EXPECT_EQ(shell("exec 0<&- 1>&- 2>&-; exit 9").exit_code, 9); }

TEST(Child, EnvironmentAndDescriptor) {
  ::setenv("WATTLINE_TEST_VARIABLE", "ours", 1);
  int pipe[2];
  ASSERT_EQ(::pipe2(pipe, O_CLOEXEC), 0);
  ChildSetup setup;
  setup.environment = {{"WATTLINE_TEST_VARIABLE", "theirs"}, {"OUT", std::to_string(pipe[1])}};
  setup.inherited = pipe[1];
  EXPECT_EQ(run_child({"sh", "-c", "echo $WATTLINE_TEST_VARIABLE >&$OUT"}, setup).exit_code, 0);
  ::close(pipe[1]);
  char text[32] = {};
  EXPECT_EQ(::read(pipe[0], text, sizeof text), 7);
  EXPECT_STREQ(text, "theirs\n");
  ::close(pipe[0]);
  EXPECT_STREQ(::getenv("WATTLINE_TEST_VARIABLE"), "ours");
  ::unsetenv("WATTLINE_TEST_VARIABLE");
}

TEST(Child, Sigusr1MayMeanTheNextPhase) {
  int pipe[2];
  ASSERT_EQ(::pipe2(pipe, O_CLOEXEC), 0);
  ChildSetup setup;
  setup.next_phase = pipe[1];
  EXPECT_EQ(run_child({"sh", "-c", "kill -USR1 $PPID; exit 2"}, setup).exit_code, 2);
  ::close(pipe[1]);
  char text[32] = {};
  EXPECT_EQ(::read(pipe[0], text, sizeof text), 5);
  EXPECT_STREQ(text, "next\n");
  ::close(pipe[0]);
}

TEST(Child, OurChoiceForClosedPipesIsNotTheCommands) {
  std::signal(SIGPIPE, SIG_IGN);
  EXPECT_EQ(shell("kill -PIPE $$; exit 3").exit_code, 128 + SIGPIPE);
  std::signal(SIGPIPE, SIG_DFL);
}

}  // namespace
}  // namespace wattline::meter
