// Runs another program as a shell would: with our terminal, in our process group, signals and all.
//
// The program stays in our process group, so that Ctrl-C, Ctrl-Z and pipelines work as without us: what
// the terminal sends reaches it directly, and so does what somebody sends to the whole group (kill -- -GROUP, timeout,
// service managers), and we live on to report. What is sent to us alone (kill PID) is passed on. When it is stopped by the terminal's means, so are we, and the shell sees a stopped job. Signals that
// were ignored when we were started stay ignored for it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "kernel/quantity.h"
#include "kernel/time.h"

namespace wattline::meter {

struct ChildOutcome {
  // As a shell has it: the program's own, 128 + signal when one ended it, 127 not found, 126 not
  // executable.
  int exit_code = 0;
  int signal = 0;  // that ended it, 0
  int interrupted_by = 0;  // SIGINT, SIGQUIT, SIGTERM or SIGHUP that came to us meanwhile, 0
  std::string not_started;  // why, when it could not be started
  Time begin, end;
  Duration length{0};  // monotonic
  Duration user{0}, system{0};  // of it and all its descendants that ended, and of those that live on so far
  Bytes most_memory{0};  // largest resident set among them
  int left_running = 0;  // descendants that outlive it
};

struct ChildSetup {
  std::vector<std::pair<std::string, std::string>> environment;  // put over ours
  int inherited = -1;  // a descriptor that it keeps, under the same number
  int next_phase = -1;  // SIGUSR1 sent to us writes "next\n" there and is not passed on
};

// Waits until it ends. argv[0] is looked up in PATH. Error world: no process can be made.
// Descendants that lose their parent become ours meanwhile and are waited for when they end, so that their CPU time
// is not lost. To be called from one thread at a time: signal handling is the whole process's.
ChildOutcome run_child(const std::vector<std::string>& argv, const ChildSetup& = {});

}  // namespace wattline::meter
