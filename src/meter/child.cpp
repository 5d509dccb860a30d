#include "meter/child.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/error.h"
#include "meter/process.h"

namespace wattline::meter {
namespace {

constexpr std::array passed_on = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};

// A signal handler can reach nothing else.
std::atomic<pid_t> child_pid = 0;

// Signals that came, on a thread that does not block them, before the child's number was known.
std::atomic<std::uint64_t> early_signals = 0;

void send_early_signals(pid_t pid) {
  const std::uint64_t waiting = early_signals.exchange(0);
  for (const int signal : passed_on)
    if (waiting >> signal & 1) ::kill(pid, signal);
}

void pass_on(int signal, siginfo_t* info, void*) {
  // What the terminal (the kernel) sends went to the whole process group, and so to the child.
  if (info->si_code > 0) return;
  const int kept = errno;
  if (const pid_t pid = child_pid; pid > 0) {
    ::kill(pid, signal);
  } else {
    early_signals |= std::uint64_t{1} << signal;
    // The number may have become known since it was looked at.
    if (const pid_t now = child_pid; now > 0) send_early_signals(now);
  }
  errno = kept;
}

// From before the child is started until it has ended.
class SignalGuard {
 public:
  SignalGuard() {
    early_signals = 0;
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &old_mask_);
    struct sigaction action {};
    action.sa_sigaction = pass_on;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    ::sigemptyset(&action.sa_mask);
    for (std::size_t i = 0; i < passed_on.size(); ++i) {
      ::sigaction(passed_on[i], nullptr, &old_[i]);
      if (!ignored(i)) ::sigaction(passed_on[i], &action, nullptr);
    }
  }
  ~SignalGuard() {
    for (std::size_t i = 0; i < passed_on.size(); ++i) ::sigaction(passed_on[i], &old_[i], nullptr);
    ::pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr);
  }
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;

  void child_started(pid_t pid) {
    child_pid = pid;
    send_early_signals(pid);
    ::pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr);  // what came meanwhile is handled now
  }
  // Only calls that are safe between fork and exec.
  void restore_in_child() const {
    struct sigaction plain {};
    plain.sa_handler = SIG_DFL;
    for (std::size_t i = 0; i < passed_on.size(); ++i)
      if (!ignored(i)) ::sigaction(passed_on[i], &plain, nullptr);
    // Our own choice for writing to closed pipes is not the program's.
    ::sigaction(SIGPIPE, &plain, nullptr);
    ::pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr);
  }

 private:
  bool ignored(std::size_t i) const { return old_[i].sa_handler == SIG_IGN && !(old_[i].sa_flags & SA_SIGINFO); }
  sigset_t old_mask_{};
  std::array<struct sigaction, passed_on.size()> old_{};
};

Duration seconds(const timeval& t) {
  return Duration(static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6);
}

struct Usage {
  Duration user, system;
  Bytes memory;
};
Usage of_children() {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  return {seconds(usage.ru_utime), seconds(usage.ru_stime), Bytes(static_cast<double>(usage.ru_maxrss) * 1024)};
}

// Orphans of the child become ours; so was it before only when somebody had asked for it.
class Adoption {
 public:
  Adoption() {
    ::prctl(PR_GET_CHILD_SUBREAPER, &before_);
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  }
  ~Adoption() { ::prctl(PR_SET_CHILD_SUBREAPER, before_); }
  Adoption(const Adoption&) = delete;
  Adoption& operator=(const Adoption&) = delete;

 private:
  int before_ = 0;
};

std::vector<char*> pointers(const std::vector<std::string>& argv) {
  std::vector<char*> out;
  for (const auto& a : argv) out.push_back(const_cast<char*>(a.c_str()));
  out.push_back(nullptr);
  return out;
}

}  // namespace

ChildOutcome run_child(const std::vector<std::string>& argv) {
  ChildOutcome out;
  std::vector<char*> words = pointers(argv);
  int failure[2];  // closes when the program starts, else carries errno
  if (::pipe2(failure, O_CLOEXEC) != 0) throw errno_error("make", "a pipe", errno);
  const std::vector<int> before = child_processes(::getpid());
  const Usage usage_before = of_children();
  const Adoption adoption;
  SignalGuard signals;

  out.begin = Time::now();
  const std::int64_t started = monotonic_ns();
  const pid_t pid = ::fork();
  if (pid < 0) {
    const int why = errno;
    ::close(failure[0]);
    ::close(failure[1]);
    throw errno_error("start", argv[0], why);
  }
  if (pid == 0) {
    signals.restore_in_child();
    ::execvp(words[0], words.data());
    const int why = errno;
    [[maybe_unused]] const auto n = ::write(failure[1], &why, sizeof why);
    ::_exit(127);
  }
  signals.child_started(pid);
  ::close(failure[1]);

  int why = 0;
  ssize_t got;
  while ((got = ::read(failure[0], &why, sizeof why)) < 0 && errno == EINTR) {}
  ::close(failure[0]);

  siginfo_t ended{};
  // The number stays taken until it is waited for, so that no signal can reach another process.
  while (::waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOWAIT) != 0 && errno == EINTR) {}
  child_pid = 0;
  int status = 0;
  rusage own{};
  while (::wait4(pid, &status, 0, &own) < 0 && errno == EINTR) {}
  out.length = Duration(static_cast<double>(monotonic_ns() - started) * 1e-9);
  out.end = out.begin + out.length;

  // Orphans: those that ended are waited for, those that live on are counted so far.
  Duration living{0};
  for (const int id : child_processes(::getpid())) {
    if (std::find(before.begin(), before.end(), id) != before.end()) continue;
    if (::waitpid(id, nullptr, WNOHANG) == id) continue;
    ++out.left_running;
    living += cpu_time_of_process_tree(id).value_or(Duration(0));
  }
  const Usage usage = of_children();
  out.user = usage.user - usage_before.user + living;
  out.system = usage.system - usage_before.system;
  out.most_memory = std::max(Bytes(static_cast<double>(own.ru_maxrss) * 1024),
                             usage_before.memory < usage.memory ? usage.memory : Bytes(0));

  if (got == static_cast<ssize_t>(sizeof why)) {
    // As shells have it: there and not to be run is 126.
    out.exit_code = why == ENOENT ? 127 : 126;
    out.not_started = std::strerror(why);
  } else if (WIFSIGNALED(status)) {
    out.signal = WTERMSIG(status);
    out.exit_code = 128 + out.signal;
  } else {
    out.exit_code = WEXITSTATUS(status);
  }
  return out;
}

}  // namespace wattline::meter
