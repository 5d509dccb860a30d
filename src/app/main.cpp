#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <malloc.h>
#include <sys/prctl.h>

#include "app/cli.h"

namespace {

// As the command that was run ended: a shell that is told so breaks off a loop, which an exit code would not make it do.
void end_by(int signal) {
  std::fflush(nullptr);
  ::prctl(PR_SET_DUMPABLE, 0);  // the command has left its core, and ours says nothing
  std::signal(signal, SIG_DFL);
  sigset_t one;
  ::sigemptyset(&one);
  ::sigaddset(&one, signal);
  ::sigprocmask(SIG_UNBLOCK, &one, nullptr);
  ::raise(signal);
}

}  // namespace

int main(int argc, char** argv) {
  // Memory that is given back and taken again while the tables are read costs more than reading them.
  ::mallopt(M_TRIM_THRESHOLD, 8 << 20);
  ::mallopt(M_TOP_PAD, 1 << 20);
  int code =
      wattline::app::run_command_line(argv[0], std::vector<std::string>(argv + 1, argv + argc), wattline::app::rooms());
  if (code < 0) {
    end_by(-code);
    code = 128 - code;
  }
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // All files are closed: taking the declarations apart one by one would only be for checkers of memory.
  std::fflush(nullptr);
  std::_Exit(code);
#else
  return code;
#endif
}
