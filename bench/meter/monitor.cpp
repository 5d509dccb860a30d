// What watching costs: CPU time of a Monitor's tick, as a share of one core at ten ticks a second, with 500 and with
// 5,000 processes that sleep, a few that work, and with processes that come and go; beside what reading /proc costs by
// itself. CPU times alone: what else runs on the machine does not matter to them.
//
//   meter_monitor [PROCESSES ...]     default: 500 5000
#include "meter/monitor/monitor.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "meter/attribution/cpu_times.h"

namespace {

using namespace wattline;
constexpr int ticks = 100;
constexpr double rate = 10;  // a second

double cpu_seconds() {
  timespec t{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

void nap(long ms) {
  const timespec t{0, ms * 1'000'000};
  ::nanosleep(&t, nullptr);
}

// Processes that sleep, and every fiftieth wakes and works for a moment again and again.
class Crowd {
 public:
  explicit Crowd(int n) {
    for (int i = 0; i < n; ++i) {
      const int pid = ::fork();
      if (pid == 0) {
        while (true) {
          if (i % 50 != 0) ::pause();
          nap(97);
          for (volatile int k = 0; k < 100'000;) k = k + 1;
        }
      }
      if (pid > 0) pids_.push_back(pid);
    }
  }
  ~Crowd() {
    for (const int pid : pids_) ::kill(pid, SIGKILL);
    for (const int pid : pids_) ::waitpid(pid, nullptr, 0);
  }
  const std::vector<int>& pids() const { return pids_; }

 private:
  std::vector<int> pids_;
};

// Starts a process each millisecond that does nothing and ends.
class Churn {
 public:
  Churn() {
    pid_ = ::fork();
    if (pid_ != 0) return;
    while (true) {
      const int child = ::fork();
      if (child == 0) ::_exit(0);
      if (child > 0) ::waitpid(child, nullptr, 0);
      nap(1);
    }
  }
  ~Churn() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

 private:
  int pid_ = -1;
};

// `apart_ms`: of two ticks. What a tick costs does not change with it, but what others do meanwhile does.
template <class F>
double share_of_core(F&& tick, long apart_ms = 10) {
  tick();
  double spent = 0;
  for (int i = 0; i < ticks; ++i) {
    nap(apart_ms);
    const double before = cpu_seconds();
    tick();
    spent += cpu_seconds() - before;
  }
  return spent / ticks * rate * 100;
}

void say(const char* what, double percent) { std::printf("  %-58s %6.2f %% of a core at 10 Hz\n", what, percent); }

void of(int processes, const catalog::Catalog& catalog) {
  const Crowd crowd(processes);
  std::printf("%d processes\n", processes);
  meter::MonitorSettings settings;
  settings.interval = Duration(1 / rate);
  {
    meter::Monitor m(settings, catalog);
    say("Monitor::tick", share_of_core([&] { m.tick(); }));
    say("Monitor::tick and a snapshot of everything", share_of_core([&] {
          m.tick();
          if (m.snapshot().consumers.empty()) std::abort();
        }));
    const Churn churn;
    say("Monitor::tick, some 900 processes a second coming and going", share_of_core([&] { m.tick(); }, 100));
  }
  const auto clocks = meter::cpu_clocks();
  say("by itself: a CPU clock each", share_of_core([&] {
        for (const int pid : crowd.pids()) clocks->of(pid);
      }));
  char text[1024];
  for (const char* name : {"schedstat", "stat"}) {
    std::vector<int> open;
    for (const int pid : crowd.pids())
      open.push_back(::open(("/proc/" + std::to_string(pid) + "/" + name).c_str(), O_RDONLY | O_CLOEXEC));
    say((std::string("by itself: /proc/PID/") + name + ", descriptors kept").c_str(), share_of_core([&] {
          for (const int fd : open)
            if (::pread(fd, text, sizeof text, 0) <= 0) std::abort();
        }));
    for (const int fd : open) ::close(fd);
  }
  say("by itself: /proc/PID/stat opened anew", share_of_core([&] {
        for (const int pid : crowd.pids()) {
          const int fd = ::open(("/proc/" + std::to_string(pid) + "/stat").c_str(), O_RDONLY | O_CLOEXEC);
          if (fd < 0 || ::read(fd, text, sizeof text) <= 0) std::abort();
          ::close(fd);
        }
      }));
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  std::printf("  largest resident set so far: %.1f MB\n", static_cast<double>(used.ru_maxrss) / 1024);
}

}  // namespace

int main(int argc, char** argv) {
  const auto catalog = catalog::Catalog::load();
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  std::vector<int> sizes;
  for (int i = 1; i < argc; ++i) sizes.push_back(std::atoi(argv[i]));
  if (sizes.empty()) sizes = {500, 5000};
  for (const int n : sizes) {
    if (n < 1 || n > 30000) {
      std::fprintf(stderr, "meter_monitor: %d processes; 1 to 30000 are allowed\n", n);
      return 2;
    }
    of(n, *catalog);
  }
  std::printf("CodeCarbon: %s\n", std::system("command -v codecarbon >/dev/null 2>&1") == 0
                                      ? "installed; its process is not run here"
                                      : "not installed here, nothing to set beside");
  return 0;
}
