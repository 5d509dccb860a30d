// Whether an upstream is up, as its health checks say. It is taken to be up until they say otherwise. Told
// by one thread, asked by any.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "serve/pool_config.h"

namespace wattline::serve {

class HealthState {
 public:
  // True when this changes whether it is up: so many checks after one another say the same.
  bool report(bool good, const HealthConfig& config, std::int64_t now_ns) {
    checks_.fetch_add(1, std::memory_order_relaxed);
    if (good) failed_in_a_row_ = 0;
    else good_in_a_row_ = 0;
    int& n = good ? good_in_a_row_ : failed_in_a_row_;
    if (n < 1'000'000) ++n;
    const bool was_up = up();
    if (was_up == good || n < (good ? config.healthy_after : config.unhealthy_after)) return false;
    if (good) up_since_ns_.store(now_ns, std::memory_order_relaxed);
    up_.store(good, std::memory_order_relaxed);
    return true;
  }
  bool up() const { return up_.load(std::memory_order_relaxed); }
  std::int64_t checks() const { return checks_.load(std::memory_order_relaxed); }
  // Since when it is up; 0: from the start.
  std::int64_t up_since_ns() const { return up_since_ns_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> up_{true};
  std::atomic<std::int64_t> checks_{0}, up_since_ns_{0};
  int good_in_a_row_ = 0, failed_in_a_row_ = 0;
};

// The share of its weight that a member has `since_ns` after it came up: from a tenth to all of it over
// `warm_up`, so that caches fill before the crowd comes.
inline double warm_share(std::int64_t since_ns, Duration warm_up) {
  const double over = warm_up.base() * 1e9;
  if (over <= 0 || static_cast<double>(since_ns) >= over) return 1;
  return 0.1 + 0.9 * static_cast<double>(since_ns < 0 ? 0 : since_ns) / over;
}

}  // namespace wattline::serve
