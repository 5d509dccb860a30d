#include "kernel/figure_scale.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernel/time.h"
#include "kernel/units.h"

namespace wattline::figures {
namespace {

constexpr double greatest = 1e300;  // spans must not overflow

double nice_step(double span, int count) {
  const double rough = span / std::max(1, count);
  const double power = std::pow(10, std::floor(std::log10(rough)));
  if (!(power > 0) || !std::isfinite(power)) return rough > 0 ? rough : 1;
  for (const double s : {1.0, 2.0, 5.0, 10.0})
    if (rough <= s * power * 1.0000001) return s * power;
  return 10 * power;
}

Scale linear(double low, double high, int count) {
  if (high - low <= 1e-12 * std::max(std::abs(low), std::abs(high))) {
    const double half = low == 0 ? 1 : std::abs(low) / 2;
    low -= half;
    high += half;
  }
  const double step = nice_step(high - low, count);
  const double first = std::floor(low / step + 1e-9), last = std::ceil(high / step - 1e-9);
  const double size = std::max(std::abs(first), std::abs(last));
  // As many digits as tell neighbouring ticks apart.
  const int digits = std::clamp(static_cast<int>(std::floor(std::log10(std::max(size, 1.0)))) + 2, 3, 15);
  Scale s{first * step, last * step, false, {}};
  for (double k = first; k <= last && s.ticks.size() < 60; ++k)
    s.ticks.push_back({k * step, format_number(k * step, digits)});
  return s;
}

Scale logarithmic(double low, double high, int count) {
  double from = std::floor(std::log10(low) + 1e-9), to = std::ceil(std::log10(high) - 1e-9);
  from = std::clamp(from, -300.0, 300.0);
  to = std::clamp(to, -300.0, 300.0);
  if (from == to) {
    --from;
    ++to;
  }
  const double every = std::max(1.0, std::ceil((to - from) / std::max(1, count)));
  Scale s{std::pow(10, from), std::pow(10, to), true, {}};
  for (double e = from; e <= to; e += every)
    s.ticks.push_back({std::pow(10, e), e > 5 || e < -4 ? "1e" + format_number(e) : format_number(std::pow(10, e))});
  return s;
}

constexpr double day = 86400, year = 365 * day;
constexpr std::array time_steps{1.0,     2.0,     5.0,      10.0,     15.0,     30.0,      60.0,    120.0,   300.0,
                                600.0,   900.0,   1800.0,   3600.0,   7200.0,   10800.0,   21600.0, 43200.0, day,
                                2 * day, 7 * day, 14 * day, 30 * day, 91 * day, 182 * day, year};

std::string time_label(double seconds, double step, double span) {
  const std::string iso = to_string(Time{static_cast<std::int64_t>(std::llround(seconds * 1e3)) * 1'000'000}, 3);
  if (iso.size() < 23) return iso;
  if (step >= day) return span > 300 * day ? iso.substr(0, 7) : iso.substr(5, 5);
  if (step >= 60) return span > day ? iso.substr(5, 5) + " " + iso.substr(11, 5) : iso.substr(11, 5);
  if (step >= 1) return iso.substr(11, 8);
  return iso.substr(17, 6);
}

Scale timed(double low, double high, int count) {
  low = std::clamp(low, -9.2e9, 9.2e9);  // what nanoseconds in 64 bits hold
  high = std::clamp(high, -9.2e9, 9.2e9);
  if (low == high) {
    low -= 0.5;
    high += 0.5;
  }
  const double span = high - low;
  double step = 0;
  if (span < count) {
    step = nice_step(span, count);
  } else {
    for (const double s : time_steps)
      if (step == 0 && span / s <= count) step = s;
    if (step == 0) step = year * nice_step(span / year, count);
  }
  Scale s{low, high, false, {}};
  for (double at = std::ceil(low / step) * step; at <= high + step * 1e-6 && s.ticks.size() < 60; at += step)
    s.ticks.push_back({at, time_label(at, step, span)});
  return s;
}

}  // namespace

double Scale::place(double v) const {
  if (!std::isfinite(v) || (log && v <= 0)) return std::nan("");
  if (log) return (std::log10(v) - std::log10(low)) / (std::log10(high) - std::log10(low));
  return (v - low) / (high - low);
}

void Extent::add(double v) {
  if (!std::isfinite(v) || (positive_ && v <= 0)) return;
  v = std::clamp(v, -greatest, greatest);
  if (empty()) low_ = high_ = v;
  low_ = std::min(low_, v);
  high_ = std::max(high_, v);
}

void Extent::add(const std::vector<double>& values) {
  for (const double v : values) add(v);
}

Scale make_scale(const Figure::Axis& axis, const Extent& e, bool with_zero, int count) {
  if (axis.log) return e.empty() ? logarithmic(1, 10, count) : logarithmic(e.low(), e.high(), count);
  const double low = e.empty() ? 0 : e.low(), high = e.empty() ? 1 : e.high();
  if (axis.time) return timed(low, high, count);
  return with_zero ? linear(std::min(0.0, low), std::max(0.0, high), count) : linear(low, high, count);
}

Extent extent_x(const Figure& f) {
  Extent e(f.x.log);
  for (const auto& t : f.traces) e.add(t.x);
  return e;
}

Extent extent_y(const Figure& f) {
  Extent e(f.y.log);
  for (const auto& t : f.traces) {
    e.add(t.y);
    e.add(t.low);
    e.add(t.high);
  }
  return e;
}

std::string axis_title(const Figure::Axis& axis) {
  if (axis.label.empty() || axis.unit.empty()) return axis.label + axis.unit;
  return axis.label + " (" + axis.unit + ")";
}

std::string trace_name(const Figure& f, std::size_t trace) {
  const std::string& name = f.traces[trace].name;
  return name.empty() ? "trace " + std::to_string(trace + 1) : name;
}

std::vector<std::size_t> thinned(const Figure::Trace& t, std::size_t buckets) {
  const std::size_t n = std::min(t.x.size(), t.y.size());
  std::vector<std::size_t> out;
  if (n <= 2 * buckets) {
    for (std::size_t i = 0; i < n; ++i) out.push_back(i);
    return out;
  }
  for (std::size_t b = 0; b < buckets; ++b) {
    const std::size_t begin = n * b / buckets, end = n * (b + 1) / buckets;
    std::vector<std::size_t> keep;
    std::size_t low = end, high = end;
    for (std::size_t i = begin; i < end; ++i) {
      if (!std::isfinite(t.y[i])) {
        if (keep.empty()) keep.push_back(i);
        continue;
      }
      if (low == end || t.y[i] < t.y[low]) low = i;
      if (high == end || t.y[i] > t.y[high]) high = i;
    }
    if (low != end) keep.push_back(low);
    if (high != end && high != low) keep.push_back(high);
    std::sort(keep.begin(), keep.end());
    out.insert(out.end(), keep.begin(), keep.end());
  }
  return out;
}

}  // namespace wattline::figures
