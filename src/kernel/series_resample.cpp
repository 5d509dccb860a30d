#include <algorithm>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/series.h"
#include "kernel/series_steps.h"
#include "kernel/units.h"

namespace wattline {
namespace {

constexpr std::int64_t most_points = 100'000'000;

std::int64_t checked_step(const Series& s, Duration step) {
  const double ns = step.base() * 1e9;
  if (!(ns >= 1) || ns > 9e18)
    throw bad_input(fmt::format("the step of a grid must be at least 1 ns, not {}", to_string(step)), "step");
  const auto whole = static_cast<std::int64_t>(std::llround(ns));
  if (!s.times.empty()) {
    const std::int64_t span = detail::step_ns(s.times.front(), s.times.back());
    if (span / whole > most_points)
      throw bad_input(fmt::format("a step of {} over {} makes more than {} points", to_string(step),
                                  to_string(Duration(detail::seconds(span))), most_points),
                      "step", "take a longer step");
  }
  return whole;
}

// Means over [begin + k step, begin + (k+1) step): the area of each straight piece is dealt out to
// the cells that it crosses.
void means(const Series& s, std::int64_t step, double limit, Series& out) {
  const std::int64_t span = detail::step_ns(s.times.front(), s.times.back());
  const auto cells = static_cast<std::size_t>(std::max<std::int64_t>(1, span / step + (span % step != 0)));
  std::vector<double> area(cells, 0), covered(cells, 0);
  for (std::size_t i = 0; i + 1 < s.size(); ++i) {
    if (detail::is_gap(s, i, limit)) continue;
    const std::int64_t a = detail::step_ns(s.times.front(), s.times[i]);
    const std::int64_t b = detail::step_ns(s.times.front(), s.times[i + 1]);
    const double slope = (s.values[i + 1] - s.values[i]) / static_cast<double>(b - a);
    for (std::int64_t from = a; from < b;) {
      const std::int64_t cell = from / step;
      const std::int64_t to = b - cell * step > step ? (cell + 1) * step : b;
      const double length = static_cast<double>(to - from);
      const double middle = s.values[i] + slope * (static_cast<double>(from - a) + 0.5 * length);
      area[static_cast<std::size_t>(cell)] += middle * length;
      covered[static_cast<std::size_t>(cell)] += length;
      from = to;
    }
  }
  if (s.size() == 1) {
    area[0] = s.values[0];
    covered[0] = 1;
  }
  for (std::size_t k = 0; k < cells; ++k)
    out.add(Time{s.times.front().ns + static_cast<std::int64_t>(k) * step},
            covered[k] > 0 ? area[k] / covered[k] : std::nan(""));
}

}  // namespace

Series resample(const Series& raw, Duration step_given, Resampling how, double gap_factor) {
  const detail::Ordered ordered(raw);
  const Series& s = *ordered;
  Series out;
  out.name = s.name;
  out.unit = s.unit;
  const std::int64_t step = checked_step(s, step_given);
  if (s.size() == 0) return out;
  const double limit = detail::gap_limit_ns(detail::median_step_ns(s), gap_factor);
  if (how == Resampling::mean) {
    means(s, step, limit, out);
    return out;
  }
  const std::int64_t span = detail::step_ns(s.times.front(), s.times.back());
  std::size_t i = 0;
  for (std::int64_t k = 0; k <= span / step; ++k) {
    const Time at{s.times.front().ns + k * step};
    while (i + 1 < s.size() && s.times[i + 1] <= at) ++i;
    double v = s.values[i];
    if (at != s.times[i]) {
      if (detail::is_gap(s, i, limit)) v = std::nan("");
      else if (how == Resampling::linear)
        v += (s.values[i + 1] - v) * (static_cast<double>(detail::step_ns(s.times[i], at)) /
                                      static_cast<double>(detail::step_ns(s.times[i], s.times[i + 1])));
    }
    out.add(at, v);
  }
  return out;
}

}  // namespace wattline
