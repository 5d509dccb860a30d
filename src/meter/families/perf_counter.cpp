#include "meter/families/perf_counter.h"

#include <cerrno>
#include <cstring>

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace wattline::meter {
namespace {

class KernelCounter : public PerfCounter {
 public:
  explicit KernelCounter(int fd) : fd_(fd) {}
  ~KernelCounter() override { ::close(fd_); }
  std::optional<std::uint64_t> read() override {
    std::uint64_t value = 0;
    const ssize_t n = ::read(fd_, &value, sizeof value);
    if (n == static_cast<ssize_t>(sizeof value)) return value;
    // 0 bytes: its processor was taken out of the machine.
    error = n < 0 ? errno : ENODEV;
    return std::nullopt;
  }

 private:
  int fd_;
};

}  // namespace

std::unique_ptr<PerfCounter> open_perf_counter(std::uint32_t type, std::uint64_t config, int cpu, int& error) {
  perf_event_attr attr;
  std::memset(&attr, 0, sizeof attr);
  attr.type = type;
  attr.size = sizeof attr;
  attr.config = config;
  const long fd = ::syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
  if (fd < 0) {
    error = errno;
    return nullptr;
  }
  return std::make_unique<KernelCounter>(static_cast<int>(fd));
}

}  // namespace wattline::meter
