// What the functions over a Series share: steps between samples, and when a step is a gap.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

#include "kernel/series.h"

namespace wattline::detail {

// b - a, held at the ends of the range: times from broken files may lie 500 years apart.
inline std::int64_t step_ns(Time a, Time b) {
  std::int64_t d = 0;
  if (!__builtin_sub_overflow(b.ns, a.ns, &d)) return d;
  return b.ns > a.ns ? std::numeric_limits<std::int64_t>::max() : std::numeric_limits<std::int64_t>::min();
}
inline double seconds(std::int64_t ns) { return static_cast<double>(ns) * 1e-9; }

// Every time is later than the one before.
bool in_order(const Series&);

// The median of the forward steps, 0 when there is none. Exact up to 2^18 samples; of longer series
// the median of 2^15 steps picked evenly, which is the same to about a percent.
std::int64_t median_step_ns(const Series&);

// Steps over this are gaps.
inline double gap_limit_ns(std::int64_t median, double gap_factor) {
  return gap_factor > 0 ? static_cast<double>(median) * gap_factor : std::numeric_limits<double>::infinity();
}

// The series itself when it is in order, otherwise a cleaned copy of it.
class Ordered {
 public:
  explicit Ordered(const Series& s) : given_(s) {
    if (!in_order(s)) own_ = cleaned(s);
  }
  const Series& operator*() const { return own_ ? *own_ : given_; }

 private:
  const Series& given_;
  std::optional<Series> own_;
};

// From sample i to i+1 nothing is known between.
inline bool is_gap(const Series& s, std::size_t i, double limit_ns) {
  return static_cast<double>(step_ns(s.times[i], s.times[i + 1])) > limit_ns || std::isnan(s.values[i]) ||
         std::isnan(s.values[i + 1]);
}

}  // namespace wattline::detail
