// Leaves a member of a pool out while it fails, and tries it again after a while.
//
// Closed, it counts failures: so many one after the other, or too large a share of those in a window,
// open it. Open, nothing goes to it for open_for, twice as long each time it opens again before it has
// held for as long, up to open_most; each time a fifth more or less by chance, so that many gateways do
// not come back at once. Then, half open, a few requests try it: one that is answered closes it, one that
// fails opens it again. Source: Nygard, Release It!, "Circuit Breaker"; Envoy's outlier detection for the
// share of a pool that may be left out, which the caller keeps (`may_open`).
// Safe from any thread; a closed breaker costs a few relaxed atomics.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string_view>

#include "serve/pool_config.h"

namespace wattline::serve {

class CircuitBreaker {
 public:
  enum class State { closed, open, half_open };

  // Times are of monotonic_ns(). The seed decides the jitter.
  CircuitBreaker(const BreakerConfig&, std::uint64_t seed);

  // Whether a request might go now, without taking a place.
  bool admits(std::int64_t now_ns) const;
  // Whether this request may go. Half open it takes the place of a probe; who took it tells how it went
  // with one of success, failure and forget, with the same ticket.
  struct Ticket {
    bool taken = false, probe = false;
    std::uint32_t era = 0;  // outcomes from before it opened last count no more
  };
  Ticket take(std::int64_t now_ns);
  void success(Ticket, std::int64_t now_ns);
  // True: this opened it.
  bool failure(Ticket, std::int64_t now_ns, bool may_open);
  // Neither: it was given up for reasons of its own.
  void forget(Ticket);

  State state(std::int64_t now_ns) const;
  std::int64_t opened() const { return opened_.load(std::memory_order_relaxed); }  // how often
  // When it lets a probe through; 0 while it is closed.
  std::int64_t open_until_ns() const { return open_until_ns_.load(std::memory_order_relaxed); }

 private:
  void open(std::int64_t now_ns);  // with the mutex held
  void roll_window(std::int64_t now_ns);

  const BreakerConfig config_;
  std::atomic<bool> closed_{true};
  std::atomic<std::uint32_t> era_{0};
  std::atomic<std::int64_t> open_until_ns_{0}, opened_{0};
  std::atomic<int> in_a_row_{0}, probes_{0};
  std::atomic<std::int64_t> window_begin_ns_{0};
  std::atomic<int> window_failed_{0}, window_all_{0};
  std::mutex mutex_;  // of changes of state
  int times_ = 0;  // opened since it last held
  std::int64_t closed_at_ns_ = 0, last_length_ns_ = 0;
  std::uint64_t random_;
};

std::string_view to_string(CircuitBreaker::State);

}  // namespace wattline::serve
