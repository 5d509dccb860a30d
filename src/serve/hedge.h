// When a question is slow: a quantile of the times to the first byte that were seen lately.
//
// Times are counted in 80 classes from 1 ms to some 15 min, each 19 % wider than the last (a quarter of a
// doubling); when 4096 are counted all counts are halved, so what was long ago weighs little. Source of
// the use: Dean and Barroso, The Tail at Scale (2013), hedged requests. Safe from any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "kernel/quantity.h"

namespace wattline::serve {

class FirstByteTimes {
 public:
  static constexpr int needed = 20;  // below so many nothing is said
  void add(double seconds);
  // The upper end of the class in which the quantile (0 to 1) lies.
  std::optional<Duration> quantile(double q) const;
  std::int64_t counted() const { return all_.load(std::memory_order_relaxed); }

 private:
  static constexpr double first = 1e-3, per_doubling = 4;
  std::array<std::atomic<std::int32_t>, 80> counts_{};
  std::atomic<std::int32_t> all_{0};
};

}  // namespace wattline::serve
