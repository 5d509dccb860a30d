#include "meter/attribution/cpu_times.h"

#include <algorithm>
#include <ctime>
#include <unordered_map>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include "meter/proc_files.h"

namespace wattline::meter {
namespace {

constexpr int most_pids = 1 << 22;  // of the kernel: greater numbers would be another clock

// As clock_getcpuclockid(3) makes it, without its first question to the kernel: the scheduler's time of the process.
clockid_t clock_of(int pid) { return static_cast<clockid_t>((~static_cast<unsigned>(pid) << 3) | 2u); }

class Clocks : public CpuTimes {
 public:
  std::optional<CpuTime> of(int pid) override {
    const auto seconds = process_clock(pid);
    return seconds ? std::optional(CpuTime{*seconds, 0}) : std::nullopt;
  }
  bool cheap() const override { return true; }
  std::string name() const override { return "CPU clocks"; }
  Duration resolution() const override { return Duration(1e-9); }
};

class StatFiles : public CpuTimes {
 public:
  StatFiles(Roots roots, std::size_t most_open)
      : roots_(std::move(roots)), most_open_(most_open), tick_(1.0 / static_cast<double>(::sysconf(_SC_CLK_TCK))) {}
  ~StatFiles() override {
    for (const auto& [pid, fd] : open_) ::close(fd);
  }
  StatFiles(const StatFiles&) = delete;
  StatFiles& operator=(const StatFiles&) = delete;

  std::optional<CpuTime> of(int pid) override {
    char text[1024];
    ssize_t n = -1;
    if (const auto kept = open_.find(pid); kept != open_.end()) {
      n = ::pread(kept->second, text, sizeof text, 0);
      if (n <= 0) forget(pid);  // of a process that is gone; its number may be another's now
    }
    if (n <= 0) {
      const int fd = ::open((roots_.proc / std::to_string(pid) / "stat").c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
      if (fd < 0) return std::nullopt;
      n = ::pread(fd, text, sizeof text, 0);
      if (n > 0 && open_.size() < most_open_) open_.emplace(pid, fd);
      else ::close(fd);
    }
    if (n <= 0) return std::nullopt;
    const auto stat = parse_process_stat({text, static_cast<std::size_t>(n)});
    if (!stat) return std::nullopt;
    return CpuTime{static_cast<double>(stat->own_ticks) * tick_, static_cast<std::int64_t>(stat->start_ticks)};
  }
  void forget(int pid) override {
    const auto kept = open_.find(pid);
    if (kept == open_.end()) return;
    ::close(kept->second);
    open_.erase(kept);
  }
  std::string name() const override { return "files of /proc"; }
  Duration resolution() const override { return Duration(tick_); }

 private:
  const Roots roots_;
  const std::size_t most_open_;
  const double tick_;
  std::unordered_map<int, int> open_;
};

// The number that this /proc has for us.
int own_number(const Roots& roots) {
  char target[32];
  const ssize_t n = ::readlink((roots.proc / "self").c_str(), target, sizeof target);
  const auto pid = n > 0 ? parse_whole({target, static_cast<std::size_t>(n)}) : std::nullopt;
  return pid && *pid < (1u << 30) ? static_cast<int>(*pid) : 0;
}

}  // namespace

std::optional<double> process_clock(int pid) {
  timespec t{};
  if (pid <= 0 || pid > most_pids || ::clock_gettime(clock_of(pid), &t) != 0) return std::nullopt;
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

std::unique_ptr<CpuTimes> cpu_clocks() { return std::make_unique<Clocks>(); }

std::unique_ptr<CpuTimes> stat_files(const Roots& roots, std::size_t most_open) {
  return std::make_unique<StatFiles>(roots, most_open);
}

std::unique_ptr<CpuTimes> find_cpu_times(const Roots& roots) {
  auto clocks = cpu_clocks();
  // The first process of the world, seen in /proc, must be there for the clocks too.
  if (own_number(roots) == ::getpid() && clocks->of(::getpid()) && clocks->of(1)) return clocks;
  rlimit limit{};
  std::size_t most = 256;
  // Half of what we may open: sockets, counters and whatever else the program holds need theirs.
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    most = static_cast<std::size_t>(limit.rlim_cur) / 2;
  return stat_files(roots, std::min<std::size_t>(most, 20000));
}

}  // namespace wattline::meter
