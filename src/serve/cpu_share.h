// What a local upstream's process costs each request: its CPU time, shared among the requests under
// way for as long as they are.
//
// The process tree's CPU time is read now and then (at most every `period`). Between two readings
// every request under way is charged alike per second: dCPU / d(request-seconds). K(t), the integral
// of that rate, is what one request that was there all the time would have been charged; a request
// from t0 to t1 is charged K(t1) - K(t0), with the last rate going on after the last reading. What
// the process does while no request is under way is charged to nobody. Thread-safe.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "kernel/quantity.h"

namespace wattline::serve {

class CpuShare {
 public:
  // `read` gives the CPU time so far; nothing when the process cannot be seen.
  using Reader = std::function<std::optional<Duration>()>;
  explicit CpuShare(Reader read, Duration period = Duration(0.05));

  struct Ticket {
    double charged = 0;  // K at the begin
  };
  Ticket begin(double now_s);
  // CPU time of the request. Nothing when the process was not seen.
  std::optional<Duration> end(Ticket, double now_s);

 private:
  void settle(double now_s);  // counts request-seconds up to now
  void sample(double now_s);  // reads and settles the rate since the last reading
  double charged_at(double now_s) const;

  Reader read_;
  double period_;
  std::mutex mutex_;
  int under_way_ = 0;
  double settled_at_ = 0, request_seconds_ = 0;  // since the last reading
  bool seen_ = false, has_rate_ = false;
  double cpu_ = 0, sampled_at_ = 0;
  double charged_ = 0, rate_ = 0;  // K at the last reading, and its slope
};

// CPU time of the process tree that listens on the port of this machine; looks for the process again
// when it is gone.
CpuShare::Reader cpu_of_listener(std::uint16_t port);

}  // namespace wattline::serve
