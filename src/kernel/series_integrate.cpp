#include <algorithm>

#include "kernel/series.h"
#include "kernel/series_steps.h"

namespace wattline {
namespace {

// One piece of straight line, cut to [begin, end]; adds to the integral what lies inside.
void add_part(Integral& out, const Series& s, std::size_t i, double limit, Time begin, Time end) {
  const Time from = std::max(begin, s.times[i]), to = std::min(end, s.times[i + 1]);
  if (to <= from) return;
  const double length = detail::seconds(detail::step_ns(from, to));
  if (detail::is_gap(s, i, limit)) {
    out.missing += Duration(length);
    return;
  }
  const double step = static_cast<double>(detail::step_ns(s.times[i], s.times[i + 1]));
  const double rise = s.values[i + 1] - s.values[i];
  const auto at = [&](Time t) {
    return s.values[i] + rise * (static_cast<double>(detail::step_ns(s.times[i], t)) / step);
  };
  out.value += 0.5 * (at(from) + at(to)) * length;
  out.covered += Duration(length);
}

// Whole pieces first..last: the hot loop.
void add_whole(Integral& out, const Series& s, std::size_t first, std::size_t last, double limit) {
  constexpr std::size_t block = 4096;  // partial sums keep the rounding of long records small
  for (std::size_t i = first; i < last;) {
    const std::size_t stop = std::min(last, i + block);
    double area = 0;
    double covered = 0, missing = 0;  // ns
    for (; i < stop; ++i) {
      const double step = static_cast<double>(detail::step_ns(s.times[i], s.times[i + 1]));
      const double both = s.values[i] + s.values[i + 1];
      if (step > limit || std::isnan(both)) {
        missing += step;
        continue;
      }
      area += both * step;
      covered += step;
    }
    out.value += 0.5e-9 * area;
    out.covered += Duration(covered * 1e-9);
    out.missing += Duration(missing * 1e-9);
  }
}

}  // namespace

Integral integrate(const Series& raw, std::optional<Time> begin, std::optional<Time> end, double gap_factor) {
  Integral out;
  const detail::Ordered ordered(raw);
  const Series& s = *ordered;
  if (begin && end && *end < *begin) return out;
  if (s.size() == 0) {
    if (begin && end) out.missing = Duration(detail::seconds(detail::step_ns(*begin, *end)));
    return out;
  }
  const Time from = begin.value_or(std::min(s.times.front(), end.value_or(s.times.front())));
  const Time to = end.value_or(std::max(s.times.back(), from));
  // Of the median step of the whole record, so that a range says the same whatever the other range is.
  const double limit = detail::gap_limit_ns(detail::median_step_ns(s), gap_factor);

  const auto outside = [&](Time a, Time b) {
    if (b > a) out.missing += Duration(detail::seconds(detail::step_ns(a, b)));
  };
  outside(from, std::min(to, s.times.front()));
  outside(std::max(from, s.times.back()), to);

  const auto index = [&](auto it) { return static_cast<std::size_t>(it - s.times.begin()); };
  const std::size_t first = index(std::lower_bound(s.times.begin(), s.times.end(), from));
  const std::size_t past =
      index(std::upper_bound(s.times.begin() + static_cast<std::ptrdiff_t>(first), s.times.end(), to));
  for (std::size_t i = first; i < past; ++i) out.samples += !std::isnan(s.values[i]);
  if (first > 0 && first < s.size()) add_part(out, s, first - 1, limit, from, to);
  if (past > first) {
    add_whole(out, s, first, past - 1, limit);
    if (past < s.size()) add_part(out, s, past - 1, limit, from, to);
  }
  return out;
}

}  // namespace wattline
