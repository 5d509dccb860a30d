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

constexpr std::array passed_on = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGTSTP, SIGCONT};

// A signal handler can reach nothing else.
std::atomic<pid_t> child_pid = 0;
std::atomic<int> next_phase = -1;
std::atomic<int> interrupted_by = 0;

// Signals that came, on a thread that does not block them, before the child's number was known.
std::atomic<std::uint64_t> early_signals = 0;

void send_early_signals(pid_t pid) {
  const std::uint64_t waiting = early_signals.exchange(0);
  for (const int signal : passed_on)
    if (waiting >> signal & 1) ::kill(pid, signal);
}

void pass_on(int signal, siginfo_t* info, void*) {
  if (signal == SIGINT || signal == SIGQUIT || signal == SIGTERM || signal == SIGHUP) interrupted_by = signal;
  // What the terminal (the kernel) sends went to the whole process group, and so to the child.
  if (info->si_code > 0) return;
  const int kept = errno;
  if (const int to = next_phase; signal == SIGUSR1 && to >= 0) {
    [[maybe_unused]] const auto n = ::write(to, "next\n", 5);
  } else if (const pid_t pid = child_pid; pid > 0) {
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
  explicit SignalGuard(int phase_descriptor) {
    early_signals = 0;
    next_phase = phase_descriptor;
    interrupted_by = 0;
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &old_mask_);
    struct sigaction action {};
    action.sa_sigaction = pass_on;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    ::sigemptyset(&action.sa_mask);
    for (std::size_t i = 0; i < passed_on.size(); ++i) {
      ::sigaction(passed_on[i], nullptr, &old_[i]);
      if (!ignored(old_[i]) || (passed_on[i] == SIGUSR1 && phase_descriptor >= 0))
        ::sigaction(passed_on[i], &action, nullptr);
    }
    // Where it is ignored the kernel forgets how children ended.
    struct sigaction plain {};
    plain.sa_handler = SIG_DFL;
    ::sigaction(SIGCHLD, &plain, &old_child_);
  }
  ~SignalGuard() {
    for (std::size_t i = 0; i < passed_on.size(); ++i) ::sigaction(passed_on[i], &old_[i], nullptr);
    ::sigaction(SIGCHLD, &old_child_, nullptr);
    next_phase = -1;
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
      ::sigaction(passed_on[i], ignored(old_[i]) ? &old_[i] : &plain, nullptr);
    if (ignored(old_child_)) ::sigaction(SIGCHLD, &old_child_, nullptr);
    // Our own choice for writing to closed pipes is not the program's.
    ::sigaction(SIGPIPE, &plain, nullptr);
    ::pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr);
  }

 private:
  static bool ignored(const struct sigaction& a) { return a.sa_handler == SIG_IGN && !(a.sa_flags & SA_SIGINFO); }
  sigset_t old_mask_{};
  std::array<struct sigaction, passed_on.size()> old_{};
  struct sigaction old_child_ {};
};

Duration seconds(const timeval& t) {
  return Duration(static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6);
}

struct Usage {
  Duration user{0}, system{0};
  Bytes memory{0};
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

// Ours with those put over it, "NAME=VALUE".
std::vector<std::string> environment_with(const std::vector<std::pair<std::string, std::string>>& over) {
  std::vector<std::string> out;
  for (char** at = environ; at && *at; ++at) {
    const std::string_view entry = *at;
    if (std::none_of(over.begin(), over.end(), [&](const auto& o) { return entry.starts_with(o.first + "="); }))
      out.emplace_back(entry);
  }
  for (const auto& [name, value] : over) out.push_back(name + "=" + value);
  return out;
}

// What outlived the commands of earlier runs: ours since then, and nobody else waits for them.
std::vector<int>& earlier_orphans() {
  static std::vector<int> all;
  return all;
}

// Waits for one that has ended; false: it has not.
bool reap(pid_t pid, Usage& not_ours) {
  rusage used{};
  if (::wait4(pid, nullptr, WNOHANG, &used) != pid) return false;
  auto& earlier = earlier_orphans();
  if (const auto it = std::find(earlier.begin(), earlier.end(), pid); it != earlier.end()) {
    earlier.erase(it);
    not_ours.user += seconds(used.ru_utime);
    not_ours.system += seconds(used.ru_stime);
  }
  return true;
}

// Until the child has ended; it is not waited for yet, so that its number stays taken and no signal can reach another
// process. With `adopting`, orphans that end meanwhile are waited for: of a service that runs for weeks they would
// fill the table of processes.
// CPU time of those that are from earlier runs is added to `not_ours`.
void await_end(pid_t pid, bool adopting, Usage& not_ours) {
  while (true) {
    siginfo_t seen{};
    if (::waitid(adopting ? P_ALL : P_PID, static_cast<id_t>(pid), &seen, WEXITED | WSTOPPED | WNOWAIT) != 0) {
      if (errno == EINTR) continue;
      return;
    }
    const bool stopped = seen.si_code == CLD_STOPPED || seen.si_code == CLD_TRAPPED;
    if (seen.si_pid == pid && !stopped) return;
    siginfo_t taken{};
    if (stopped) ::waitid(P_PID, static_cast<id_t>(seen.si_pid), &taken, WSTOPPED | WNOHANG);
    else reap(seen.si_pid, not_ours);
    // SIGSTOP is between whoever sent it and the child: nobody would wake us with it.
    const int by = seen.si_status;
    if (seen.si_pid == pid && seen.si_code == CLD_STOPPED && (by == SIGTSTP || by == SIGTTIN || by == SIGTTOU))
      ::raise(SIGSTOP);
  }
}

// The child, as fork has it. It shares our memory until it runs the program or ends, and this thread waits for that: to
// copy the tables of our pages and then the pages one by one, as they are written, costs more than starting the program.
// Others of our threads go on, so that the child may do nothing but system calls.
[[gnu::noinline]] pid_t start(char* const* words, char* const* variables, const SignalGuard& signals, int inherited,
                              int failure) {
  const pid_t pid = ::vfork();
  if (pid != 0) return pid;
  signals.restore_in_child();
  if (inherited >= 0) ::fcntl(inherited, F_SETFD, 0);
  ::execvpe(words[0], words, variables);
  const int why = errno;
  [[maybe_unused]] const auto n = ::write(failure, &why, sizeof why);
  ::_exit(127);
}

}  // namespace

ChildOutcome run_child(const std::vector<std::string>& argv, const ChildSetup& setup) {
  ChildOutcome out;
  std::vector<char*> words = pointers(argv);
  const std::vector<std::string> environment = environment_with(setup.environment);
  std::vector<char*> variables = pointers(environment);
  int failure[2];  // closes when the program starts, else carries errno
  if (::pipe2(failure, O_CLOEXEC) != 0) throw errno_error("make", "a pipe", errno);
  Usage not_ours;
  for (const int id : std::vector<int>(earlier_orphans())) reap(id, not_ours);
  not_ours = {};
  const std::vector<int> before = child_processes(::getpid());
  const bool adopting = std::all_of(before.begin(), before.end(), [](int id) {
    const auto& earlier = earlier_orphans();
    return std::find(earlier.begin(), earlier.end(), id) != earlier.end();
  });
  const Usage usage_before = of_children();
  const Adoption adoption;
  SignalGuard signals(setup.next_phase);

  out.begin = Time::now();
  const std::int64_t started = monotonic_ns();
  const pid_t pid = start(words.data(), variables.data(), signals, setup.inherited, failure[1]);
  if (pid < 0) {
    const int why = errno;
    ::close(failure[0]);
    ::close(failure[1]);
    throw errno_error("start", argv[0], why);
  }
  signals.child_started(pid);
  ::close(failure[1]);

  int why = 0;
  ssize_t got;
  while ((got = ::read(failure[0], &why, sizeof why)) < 0 && errno == EINTR) {}
  ::close(failure[0]);

  await_end(pid, adopting, not_ours);
  child_pid = 0;
  out.interrupted_by = interrupted_by;
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
    earlier_orphans().push_back(id);
    living += cpu_time_of_process_tree(id).value_or(Duration(0));
  }
  const Usage usage = of_children();
  out.user = usage.user - usage_before.user - not_ours.user + living;
  out.system = usage.system - usage_before.system - not_ours.system;
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
