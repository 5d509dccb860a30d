// One counter of the kernel's performance events on one processor, for all processes there. Behind an interface, so
// that what is made of it can be tested where there is none.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

namespace wattline::meter {

class PerfCounter {
 public:
  virtual ~PerfCounter() = default;
  // Counts since it was opened; nothing with `error` set.
  virtual std::optional<std::uint64_t> read() = 0;
  int error = 0;  // errno
};

// nullptr with `error` set where it cannot be opened.
using OpenPerfCounter =
    std::function<std::unique_ptr<PerfCounter>(std::uint32_t type, std::uint64_t config, int cpu, int& error)>;
std::unique_ptr<PerfCounter> open_perf_counter(std::uint32_t type, std::uint64_t config, int cpu, int& error);

}  // namespace wattline::meter
