// What an engine told last of its queue, and what that says now. Told by one thread, asked by any.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>

#include "serve/engine_metrics.h"

namespace wattline::serve {

class EngineState {
 public:
  // `ours`: requests that this gateway had under way there when it told.
  void told(const EngineLoad& load, int ours, std::int64_t now_ns) {
    waiting_.store(load.waiting, relaxed);
    running_.store(load.running, relaxed);
    cache_used_.store(load.cache_used.value_or(-1), relaxed);
    others_.store(std::max(0.0, load.waiting + load.running - ours), relaxed);
    told_ns_.store(now_ns, relaxed);
  }
  // Requests under way there that are not ours. None where it has told nothing for three intervals.
  double others(Duration interval, std::int64_t now_ns) const {
    const auto told = told_ns_.load(relaxed);
    if (told == 0 || static_cast<double>(now_ns - told) > 3e9 * interval.base()) return 0;
    return others_.load(relaxed);
  }
  struct Last {
    double waiting, running;
    std::optional<double> cache_used;
    std::int64_t told_ns;
  };
  // Nothing when it never told.
  std::optional<Last> last() const {
    const auto told = told_ns_.load(relaxed);
    if (told == 0) return std::nullopt;
    const double cache = cache_used_.load(relaxed);
    return Last{waiting_.load(relaxed), running_.load(relaxed), cache < 0 ? std::nullopt : std::optional(cache), told};
  }

 private:
  static constexpr auto relaxed = std::memory_order_relaxed;
  std::atomic<double> waiting_{0}, running_{0}, cache_used_{-1}, others_{0};
  std::atomic<std::int64_t> told_ns_{0};
};

}  // namespace wattline::serve
