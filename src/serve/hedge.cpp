#include "serve/hedge.h"

#include <algorithm>
#include <cmath>

namespace wattline::serve {

namespace {
constexpr auto relaxed = std::memory_order_relaxed;
}

void FirstByteTimes::add(double s) {
  if (!(s >= 0)) return;
  const double at = s <= first ? 0 : std::ceil(std::log2(s / first) * per_doubling - 1e-9);
  const auto i = static_cast<std::size_t>(std::min(at, static_cast<double>(counts_.size() - 1)));
  counts_[i].fetch_add(1, relaxed);
  if (all_.fetch_add(1, relaxed) + 1 != 4096) return;
  std::int32_t sum = 0;
  for (auto& c : counts_) {
    const auto half = c.load(relaxed) / 2;
    c.store(half, relaxed);
    sum += half;
  }
  all_.store(sum, relaxed);
}

std::optional<Duration> FirstByteTimes::quantile(double q) const {
  const auto all = all_.load(relaxed);
  if (all < needed) return std::nullopt;
  const auto wanted = std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(q * all)));
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    sum += counts_[i].load(relaxed);
    if (sum >= wanted) return Duration(first * std::exp2(static_cast<double>(i) / per_doubling));
  }
  return Duration(first * std::exp2(static_cast<double>(counts_.size() - 1) / per_doubling));
}

}  // namespace wattline::serve
