#include <cmath>

#include "kernel/series.h"
#include "kernel/series_steps.h"

namespace wattline {

CounterSeries unwrap(const Series& counter, double range, double max_rate) {
  CounterSeries out;
  out.total.name = counter.name;
  out.total.unit = counter.unit;
  double total = 0;
  std::optional<std::size_t> last;  // the last sample that has a value
  for (std::size_t i = 0; i < counter.size(); ++i) {
    const double v = counter.values[i];
    const Time at = counter.times[i];
    if (!std::isfinite(v)) {
      out.total.add(at, std::nan(""));
      continue;
    }
    if (last) {
      const Time before = counter.times[*last];
      const std::int64_t step = detail::step_ns(before, at);
      const double could_rise = step > 0 ? max_rate * detail::seconds(step) : 0;
      double rise = v - counter.values[*last];
      if (rise < 0) {
        rise += range;
        if (range > 0 && rise >= 0 && rise <= could_rise) {
          ++out.wraps;
        } else {
          ++out.resets;
          rise = 0;
          out.total.add(Time{before.ns + step / 2}, std::nan(""));
        }
      }
      if (range > 0 && rise + range <= could_rise) ++out.ambiguous;
      total += rise;
    }
    out.total.add(at, total);
    last = i;
  }
  return out;
}

}  // namespace wattline
