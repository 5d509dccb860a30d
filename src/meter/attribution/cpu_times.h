// How much CPU time a process has used since it began, all its threads together, those that ended included: an
// ordered family with the CPU clock of the process as its reference member.
//
// The clock (clock_gettime of the process's number) costs a third of a microsecond, needs no right and no descriptor,
// and is good to the nanosecond. It answers only for processes of our own world of process numbers; for another /proc
// (of the host seen from a container, or made up) /proc/PID/stat is read through descriptors that are kept open.
// /proc/PID/schedstat would be cheaper than stat and is of no use: it holds the first thread alone.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "kernel/quantity.h"
#include "meter/roots.h"

namespace wattline::meter {

struct CpuTime {
  double seconds = 0;
  std::int64_t started = 0;  // clock ticks after boot; 0: not told
};

class CpuTimes {
 public:
  virtual ~CpuTimes() = default;
  // Nothing when there is no such process (any more) or it may not be seen.
  virtual std::optional<CpuTime> of(int pid) = 0;
  // It is gone: what was kept for it may go.
  virtual void forget(int) {}
  // It is cheap to ask for numbers that may not be given to any process.
  virtual bool cheap() const { return false; }
  virtual std::string name() const = 0;
  virtual Duration resolution() const = 0;
};

// The reference member where /proc is that of our own process numbers, else the files.
std::unique_ptr<CpuTimes> find_cpu_times(const Roots&);

// Seconds of the clock of a process of our own numbers; nothing when there is none.
std::optional<double> process_clock(int pid);
std::unique_ptr<CpuTimes> cpu_clocks();
// Keeps at most `most_open` descriptors, and reads the other files anew.
std::unique_ptr<CpuTimes> stat_files(const Roots&, std::size_t most_open);

}  // namespace wattline::meter
