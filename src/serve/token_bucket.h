// A token bucket: `per_minute` may be taken in a minute, all of them at once when nothing was taken for
// that long. What was taken by an estimate is settled later, so the level may go below nothing: a debt,
// which later time pays. Times are monotonic_ns(); one that goes back is taken for no time. Not thread-safe.
//
// Source: ATM Forum's generic cell rate algorithm in its leaky bucket form; J. Turner, 1986.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

namespace wattline::serve {

class TokenBucket {
 public:
  // Without a limit.
  TokenBucket() = default;
  TokenBucket(double per_minute, std::int64_t now_ns) : capacity_(per_minute), level_(per_minute), last_ns_(now_ns) {}

  bool limited() const { return capacity_ < std::numeric_limits<double>::infinity(); }
  double capacity() const { return capacity_; }

  // Another limit: what was taken stays taken.
  void set_limit(double per_minute, std::int64_t now_ns) {
    const double taken = limited() ? capacity_ - level(now_ns) : 0;
    capacity_ = per_minute;
    level_ = per_minute - taken;
    last_ns_ = now_ns;
  }

  bool take(double n, std::int64_t now_ns) {
    if (!limited()) return true;
    if (level(now_ns) < n - rounding) return false;
    level_ -= n;
    return true;
  }
  // What was taken and not used.
  void give_back(double n) {
    if (limited()) level_ = std::min(capacity_, level_ + n);
  }
  // What was used and had not been taken.
  void charge(double n) {
    if (limited()) level_ -= n;
  }

  double level(std::int64_t now_ns) {
    if (now_ns > last_ns_)
      level_ = std::min(capacity_, level_ + static_cast<double>(now_ns - last_ns_) * 1e-9 * per_second());
    last_ns_ = now_ns;
    return level_;
  }
  // Seconds until `n` can be taken; infinite when that is more than ever fits.
  double seconds_until(double n, std::int64_t now_ns) {
    if (!limited() || level(now_ns) >= n - rounding) return 0;
    if (n > capacity_ + rounding) return std::numeric_limits<double>::infinity();
    return (n - level_) / per_second();
  }
  double seconds_until_full(std::int64_t now_ns) { return limited() ? seconds_until(capacity_, now_ns) : 0; }

 private:
  static constexpr double rounding = 1e-6;  // of many small refills
  double per_second() const { return capacity_ / 60; }

  double capacity_ = std::numeric_limits<double>::infinity(), level_ = capacity_;
  std::int64_t last_ns_ = 0;
};

}  // namespace wattline::serve
