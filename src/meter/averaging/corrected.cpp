#include "meter/averaging/corrected.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/units.h"
#include "meter/recorder.h"

namespace wattline::meter {
namespace {

constexpr std::size_t least_edges = 10;
constexpr const char* gain_id = "meter.calibration";

Duration since(Time from, Time to) { return to > from ? to - from : Duration(0); }

// The reading at an instant: straight between renewals, since where between two polls a value was renewed is
// not known.
double reading_at(const Series& s, Time t) {
  const auto next = std::upper_bound(s.times.begin(), s.times.end(), t);
  if (next == s.times.begin()) return s.values.front();
  return s.values[static_cast<std::size_t>(next - s.times.begin()) - 1];
}

// Windows of the trailing mean laid end to end, back from the end. What remains at the beginning, shorter
// than a window: the reading there, less what it saw before (the reading at the beginning).
double chained(const Series& s, Time begin, Time end, Duration window) {
  double joules = 0;
  Time at = end;
  while (since(begin, at) >= window) {
    joules += reading_at(s, at) * window.base();
    at = at + window * -1.0;
  }
  const Duration rest = since(begin, at);
  if (rest > Duration(0))
    joules += std::max(0.0, window.base() * reading_at(s, at) - (window - rest).base() * reading_at(s, begin));
  return joules;
}

// Each value holds for the interval before its renewal; a value that stayed was renewed unseen meanwhile.
double held_back(const Series& s, const std::vector<Renewal>& all, Time begin, Time end, Duration renewal) {
  double joules = 0;
  Time done = begin;
  double value = reading_at(s, begin);
  const auto add = [&](Time until, double watts) {
    until = std::min(until, end);
    if (until > done) {
      joules += watts * (until - done).base();
      done = until;
    }
  };
  for (const auto& r : all) {
    if (r.at <= begin) continue;
    add(r.at + renewal * -1.0, value);
    add(r.at, r.watts);
    value = r.watts;
    if (r.at >= end) break;
  }
  add(end, value);
  return joules;
}

// What may be missed in the part of each interval that no window sees.
double unseen_sd(const std::vector<Renewal>& all, Time begin, Time end, Duration renewal, double part) {
  double squares = 0;
  const Renewal* before = nullptr;
  for (const auto& r : all) {
    if (r.at < begin || r.at > end) continue;
    if (before) squares += (r.watts - before->watts) * (r.watts - before->watts) / 2;
    before = &r;
  }
  return renewal.base() * std::sqrt(squares * std::clamp(1 - part, 0.0, 1.0));
}

// Joules of the readings, and their standard uncertainty.
struct Fitted {
  double joules = 0, sd = 0;
  Boxcar best;
};
std::optional<Fitted> two_levels(const std::vector<Renewal>& all, Time begin, Time end, const std::vector<Time>& edges,
                                 Duration longest) {
  const Series load = square_load(edges, begin + Duration(-2), end + Duration(2));
  // What the board does before and after its work is not one of the two levels.
  std::vector<Renewal> inside;
  for (const auto& r : all)
    if (r.at >= begin && r.at <= end) inside.push_back(r);
  const auto boxcars = find_boxcars(inside, load, longest);
  if (boxcars.empty()) return std::nullopt;
  const double on = integrate(load, begin, end, 0).value, length = (end - begin).base();
  // Windows and lags that explain the readings nearly as well say how sure it is.
  double weight = 0, sum = 0, squares = 0;
  for (const auto& b : boxcars) {
    const double joules = b.gain * on + b.offset * length, w = 1 / (b.loss + 1e-9);
    weight += w;
    sum += w * joules;
    squares += w * joules * joules;
  }
  Fitted out;
  out.best = boxcars.front();
  out.joules = out.best.gain * on + out.best.offset * length;
  const double mean = sum / weight, spread = std::max(0.0, squares / weight - mean * mean);
  double variance = 0, mean_y = 0, n = 0;
  for (const auto& r : inside) mean_y += r.watts, ++n;
  if (n < 3) return std::nullopt;
  mean_y /= n;
  for (const auto& r : inside) variance += (r.watts - mean_y) * (r.watts - mean_y) / (n - 2);
  const double of_line = std::sqrt(variance * out.best.loss / n) * length;
  out.sd = std::sqrt(spread + (out.joules - mean) * (out.joules - mean) + of_line * of_line);
  return out;
}

}  // namespace

std::optional<Calibration> calibrate(const Series& readings, const Series& reference, const Averaging& averaging) {
  const auto all = renewals(readings);
  const Duration longest = std::max(averaging.window * 1.3, Duration(0.1));
  const auto boxcars = find_boxcars(all, reference, longest);
  if (boxcars.empty()) return std::nullopt;
  const Boxcar& b = boxcars.front();
  if (!(b.gain > 0)) return std::nullopt;
  // The line the other way round; the spread of nearly as good ones is the uncertainty.
  double weight = 0, gain = 0, gains = 0, offset = 0, offsets = 0;
  for (const auto& other : boxcars) {
    const double w = 1 / (other.loss + 1e-9), g = 1 / other.gain, o = -other.offset / other.gain;
    weight += w;
    gain += w * g;
    gains += w * g * g;
    offset += w * o;
    offsets += w * o * o;
  }
  const double g = 1 / b.gain, o = -b.offset / b.gain;
  const auto sd = [&](double sum, double squares, double best) {
    const double mean = sum / weight;
    return std::sqrt(std::max(0.0, squares / weight - mean * mean) + (best - mean) * (best - mean));
  };
  Calibration out;
  out.gain = Estimate<Ratio>::with_sd(g, sd(gain, gains, g), Method::measured, "calibration").from_factor(gain_id);
  out.offset = Estimate<Power>(RawEstimate(o, sd(offset, offsets, o), Method::measured, "calibration"));
  out.offset.raw().set_signed();
  return out;
}

CorrectedEnergy corrected_energy(const Series& readings, Time begin, Time end, const Averaging& averaging,
                                 const Calibration& calibration, const std::vector<Time>& edges, double gap_factor) {
  CorrectedEnergy out;
  const Integral plain = integrate(readings, begin, end, gap_factor);
  out.readings_joules = plain.value;
  out.covered = plain.covered;
  out.missing = plain.missing;
  out.renewal = averaging.renewal > Duration(0) ? averaging.renewal : renewal_period(readings);
  out.how = "the trapezoid over the readings";
  double joules = plain.value, sd = 0;
  const Duration length = since(begin, end);
  // Across gaps nothing is known, so that windows cannot be laid end to end.
  const Duration slack = std::max(out.renewal * 2.0, Duration(0.05));
  const bool whole =
      readings.size() > 1 && plain.missing <= slack && length > Duration(0) &&
      std::all_of(readings.values.begin(), readings.values.end(), [](double v) { return std::isfinite(v); });
  const auto all = renewals(readings);
  if (whole && out.renewal > Duration(0)) {
    const double part = averaging.window > Duration(0) ? averaging.window.in(out.renewal) : 1;
    std::vector<Time> inside;
    for (const Time e : edges)
      if (e >= begin && e <= end) inside.push_back(e);
    std::optional<Fitted> fitted;
    if (inside.size() >= least_edges && part < 1) fitted = two_levels(all, begin, end, edges, averaging.window * 2.0);
    if (fitted) {
      joules = fitted->joules;
      sd = fitted->sd;
      out.boxcar = fitted->best;
      out.how = fmt::format("two levels fitted through {} edges of the load", inside.size());
    } else if (averaging.window > out.renewal * 1.5 && length >= averaging.window &&
               find_faults(readings).median_step <= averaging.window) {
      joules = chained(readings, begin, end, averaging.window);
      sd = unseen_sd(all, begin, end, out.renewal, 0);  // where in its interval each window ends
      out.how = fmt::format("readings {} apart laid end to end", to_string(averaging.window));
    } else {
      joules = held_back(readings, all, begin, end, out.renewal);
      sd = unseen_sd(all, begin, end, out.renewal, part);
      out.how = "each reading for the interval before its renewal";
    }
    out.covered = length;
    out.missing = Duration(0);
  }
  // Each end falls somewhere between two renewals.
  const double watts = out.covered > Duration(0) ? joules / out.covered.base() : 0;
  sd = std::hypot(sd, watts * std::min(out.renewal, out.covered).base() / std::sqrt(6.0));
  const auto read = Estimate<Energy>::with_sd(Energy(joules), Energy(sd), Method::measured, "power readings");
  out.energy = read * calibration.gain + calibration.offset * Estimate<Duration>::exact(out.covered);
  return out;
}

}  // namespace wattline::meter
