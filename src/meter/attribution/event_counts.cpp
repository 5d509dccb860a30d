#include "meter/attribution/event_counts.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <unordered_map>
#include <vector>

#include <dirent.h>
#include <fmt/format.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace wattline::meter {
namespace {

struct Event {
  std::uint32_t type;
  std::uint64_t config;
};
constexpr std::array<Event, 2> hardware = {Event{PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES},
                                           Event{PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES}};
constexpr std::array<Event, 2> software = {Event{PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK},
                                           Event{PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS}};

int open_event(const Event& e, int thread) {
  perf_event_attr a{};
  a.size = sizeof a;
  a.type = e.type;
  a.config = e.config;
  // Threads that begin later are counted too; processes that it starts are their own.
  a.inherit = 1;
  a.inherit_thread = 1;
  a.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
  return static_cast<int>(::syscall(SYS_perf_event_open, &a, thread, -1, -1, PERF_FLAG_FD_CLOEXEC));
}

std::vector<int> threads_of(int pid) {
  std::vector<int> out;
  DIR* folder = ::opendir(fmt::format("/proc/{}/task", pid).c_str());
  if (!folder) return out;
  while (const dirent* entry = ::readdir(folder)) {
    int thread = 0;
    const char* end = entry->d_name + std::strlen(entry->d_name);
    if (std::from_chars(entry->d_name, end, thread).ptr == end && thread > 0) out.push_back(thread);
  }
  ::closedir(folder);
  return out;
}

class PerfCounts : public EventCounts {
 public:
  PerfCounts(const std::array<Event, 2>& events, std::size_t most_open) : events_(events), most_open_(most_open) {}
  ~PerfCounts() override {
    while (!counted_.empty()) forget(counted_.begin()->first);
  }

  std::optional<EventDelta> since_last(int pid) override {
    const auto known = counted_.find(pid);
    if (known == counted_.end()) {
      begin(pid);
      return std::nullopt;
    }
    Counted& c = known->second;
    if (c.files[0].empty()) return std::nullopt;
    std::array<double, 2> now{};
    for (std::size_t e = 0; e < 2; ++e)
      for (const int fd : c.files[e]) now[e] += read(fd);
    const EventDelta out{std::max(now[0] - c.last[0], 0.0), std::max(now[1] - c.last[1], 0.0)};
    c.last = now;
    return out;
  }

  void forget(int pid) override {
    const auto known = counted_.find(pid);
    if (known == counted_.end()) return;
    for (const auto& files : known->second.files)
      for (const int fd : files) {
        ::close(fd);
        --open_;
      }
    counted_.erase(known);
  }

 private:
  struct Counted {
    std::array<std::vector<int>, 2> files;  // by event, of each thread
    std::array<double, 2> last{};
  };

  void begin(int pid) {
    Counted& c = counted_[pid];
    for (const int thread : threads_of(pid)) {
      if (open_ + 2 > most_open_) break;
      for (std::size_t e = 0; e < 2; ++e)
        if (const int fd = open_event(events_[e], thread); fd >= 0) {
          c.files[e].push_back(fd);
          ++open_;
        }
    }
  }

  // Where there are more events than counters the kernel counts by turns: scaled up to the whole time.
  static double read(int fd) {
    std::uint64_t value[3] = {};
    if (::read(fd, value, sizeof value) != sizeof value || value[2] == 0) return 0;
    return static_cast<double>(value[0]) * (static_cast<double>(value[1]) / static_cast<double>(value[2]));
  }

  const std::array<Event, 2> events_;
  const std::size_t most_open_;
  std::unordered_map<int, Counted> counted_;
  std::size_t open_ = 0;
};

}  // namespace

std::unique_ptr<EventCounts> perf_counts(std::string& why, std::size_t most_open, EventKind kind) {
  const auto& events = kind == EventKind::hardware ? hardware : software;
  const int fd = open_event(events[0], ::getpid());
  if (fd < 0) {
    why = errno == ENOENT || errno == EOPNOTSUPP
              ? "this machine's processor tells no events (virtual machines mostly do not)"
          : errno == EACCES || errno == EPERM
              ? "not allowed: it needs the right CAP_PERFMON, or kernel.perf_event_paranoid of 1 or less"
              : fmt::format("refused by the kernel: {}", std::strerror(errno));
    return nullptr;
  }
  ::close(fd);
  why.clear();
  return std::make_unique<PerfCounts>(events, most_open);
}

}  // namespace wattline::meter
