// How long a member lately took to its first byte: an average that forgets, quick to believe bad news.
//
// A sample above the average replaces it; one below pulls it down, the more the longer the last one is
// ago: w = exp(-dt / tau). Unused, it fades by the same rule, so that a member that was slow once is tried
// again. Source: the peak-EWMA balancer of Finagle. Safe from any thread; of two samples at once one may
// be lost.
#pragma once

#include <atomic>
#include <cmath>
#include <cstdint>
#include <optional>

namespace wattline::serve {

class PeakEwma {
 public:
  explicit PeakEwma(double tau_s = 10) : tau_ns_(tau_s * 1e9) {}

  void add(double seconds, std::int64_t now_ns) {
    const double old = value_.load(std::memory_order_relaxed);
    double value = seconds;
    if (old >= 0 && seconds < old) {
      const double w = weight(now_ns);
      value = old * w + seconds * (1 - w);
    }
    value_.store(value, std::memory_order_relaxed);
    stamp_ns_.store(now_ns, std::memory_order_relaxed);
  }
  // It takes at least so long: counts only where it was thought to be quicker.
  void at_least(double seconds, std::int64_t now_ns) {
    if (seconds > value_.load(std::memory_order_relaxed)) add(seconds, now_ns);
  }
  // Seconds; nothing before the first sample.
  std::optional<double> value(std::int64_t now_ns) const {
    const double v = value_.load(std::memory_order_relaxed);
    if (v < 0) return std::nullopt;
    return v * weight(now_ns);
  }

 private:
  double weight(std::int64_t now_ns) const {
    const auto dt = static_cast<double>(now_ns - stamp_ns_.load(std::memory_order_relaxed));
    return dt <= 0 ? 1 : std::exp(-dt / tau_ns_);
  }
  double tau_ns_;
  std::atomic<double> value_{-1};
  std::atomic<std::int64_t> stamp_ns_{0};
};

}  // namespace wattline::serve
