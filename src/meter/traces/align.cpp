#include "meter/traces/align.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/units.h"
#include "meter/traces/integrate.h"

namespace wattline::meter {
namespace {

constexpr double quarter_hour = 900;

Duration finer_step(const Series& a, const Series& b, std::size_t most_points) {
  const auto step = [](const Series& s) { return find_faults(s).median_step.base(); };
  const double length = std::max((a.times.back() - a.times.front()).base(), (b.times.back() - b.times.front()).base());
  double out = std::max(step(a), step(b));
  out = std::max({out, length / static_cast<double>(most_points), 1e-3});
  return Duration(out);
}

Series part_of(const Series& s, Time begin, Time end) {
  Series out;
  out.name = s.name;
  for (std::size_t i = 0; i < s.size(); ++i)
    if (s.times[i] >= begin && s.times[i] <= end) out.add(s.times[i], s.values[i]);
  return out;
}

// Means over steps of a series that is read more often.
Series coarse(const Series& s, Duration step) {
  return find_faults(s).median_step * 2.0 < step ? resample(s, step, Resampling::mean) : s;
}

// The lag within +-`around` of `near`, as fine as a tenth of the step.
std::optional<Alignment> refined(const Series& trace, const Series& other, Duration near, Duration around,
                                 Duration step) {
  if (trace.size() < 8 || other.size() < 8) return std::nullopt;
  const Series moved = shifted(other, near);
  try {
    Alignment a = align(trace, moved, around, step);
    a.lag = a.lag + near;
    return a;
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

Series shifted(const Series& s, Duration by) {
  Series out = s;
  for (Time& t : out.times) t = t + by;
  return out;
}

ClockFit fit_clock(const Series& trace, const Series& other, Duration most) {
  for (const Series* s : {&trace, &other})
    if (s->size() < 8)
      throw bad_input(
          fmt::format("'{}' has {} values; at least 8 are needed to lay one over the other", s->name, s->size()));
  ClockFit out;
  const Duration step = finer_step(trace, other, 200'000);
  const Series a = coarse(trace, step), b = coarse(other, step);
  const Alignment best = align(a, b, most, step);
  if (!(best.correlation > 0))
    throw bad_input(
        fmt::format("'{}' and '{}' do not go together at any lag up to {}", trace.name, other.name, to_string(most)),
        {}, "both must have seen one load that changes");
  out.correlation = best.correlation;
  // Another place that fits nearly as well makes the first a guess. A tenth of the record away is elsewhere.
  const double length = std::min((a.times.back() - a.times.front()).base(), (b.times.back() - b.times.front()).base());
  const Duration away(std::max(5 * step.base(), length / 10));
  for (const double side : {-1.0, 1.0}) {
    const Duration middle = best.lag + (away + Duration(length / 4)) * side;
    if (const auto elsewhere = refined(a, b, middle, Duration(length / 4), step))
      out.next_best = std::max(out.next_best, elsewhere->correlation);
  }
  // Finer: the faster record's own steps, a few coarse steps around.
  const Duration fine(std::max(1e-3, step.base() / 10));
  const std::size_t points = static_cast<std::size_t>(length / fine.base());
  Duration lag = best.lag;
  if (points < 400'000)
    if (const auto finer = refined(trace, other, lag, step * 3.0, fine)) {
      lag = finer->lag;
      out.correlation = std::max(out.correlation, finer->correlation);
    }
  // What four parts of the record say by themselves.
  const Time begin = std::max(trace.times.front(), other.times.front() + lag),
             end = std::min(trace.times.back(), other.times.back() + lag);
  out.overlap = end > begin ? end - begin : Duration(0);
  std::vector<std::pair<double, double>> parts;  // middle, lag
  for (int i = 0; i < 4; ++i) {
    const Time from = begin + out.overlap * (i / 4.0), to = begin + out.overlap * ((i + 1) / 4.0);
    const auto p =
        refined(part_of(trace, from, to), part_of(other, from + lag * -1.0, to + lag * -1.0), lag,
                std::max(step * 5.0, out.overlap * 0.01), std::max(fine, Duration(out.overlap.base() / 100'000)));
    if (p && p->correlation > 0.6) parts.emplace_back(((from - begin) + out.overlap * 0.125).base(), p->lag.base());
  }
  const double resolution = fine.base() / 2;
  double scatter = 0;
  out.drift_error = std::numeric_limits<double>::infinity();
  if (parts.size() >= 3) {
    double mx = 0, my = 0, xx = 0, xy = 0;
    const double n = static_cast<double>(parts.size());
    for (const auto& [x, y] : parts) mx += x / n, my += y / n;
    for (const auto& [x, y] : parts) xx += (x - mx) * (x - mx), xy += (x - mx) * (y - my);
    out.drift = xy / xx;
    for (const auto& [x, y] : parts) scatter += std::pow(y - my - out.drift * (x - mx), 2);
    scatter = std::sqrt((scatter + resolution * resolution) / (n - 2));
    out.drift_error = (n > 3 ? 4.3 : 12.7) * scatter / std::sqrt(xx);
  }
  // An edge of the load lies anywhere between two rows, in both records.
  const double rows = std::max(find_faults(trace).median_step.base(), find_faults(other).median_step.base());
  out.lag_error = Duration(std::max({resolution * 2, rows / 4, 1.96 * scatter, parts.size() < 3 ? step.base() : 0.0}));
  const double zone = std::round(lag.base() / quarter_hour) * quarter_hour;
  // Clocks that are wrong by minutes are wrong, not of another zone.
  if (zone != 0 && std::abs(lag.base() - zone) < 120) out.zone = Duration(zone);
  out.lag = lag + out.zone * -1.0;
  return out;
}

namespace {

struct AlignOptions {
  InputFile trace, other;
  std::string component;
  Duration most{15 * 3600};
  std::optional<Duration> window;
};

Series power_of(const PowerTrace& trace, const std::string& component, const std::string& name) {
  Series out = total_power(trace);
  if (!component.empty()) {
    std::vector<std::string> known;
    bool found = false;
    for (const auto& c : trace.channels) {
      known.push_back(c.component);
      if (c.component != component) continue;
      out = c.power;
      found = true;
    }
    if (!found) throw unknown_name("component", component, known);
  }
  out.name = name;
  return out;
}

std::string zone_text(Duration zone) {
  const long minutes = std::lround(std::abs(zone.base()) / 60);
  return fmt::format("{}{:02}:{:02}", zone.base() < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

// What to do with the line, and when not.
std::string advice(const Calibration& line, const std::string& trace) {
  const double gain = line.gain.value().base(), half = (line.gain.high().base() - line.gain.low().base()) / 2;
  if (half > 0.05 * gain)
    return "Gain and offset are not known well enough to be used: record longer, or a load whose steps last longer "
           "than "
           "the readings' window.";
  return fmt::format(
      "Nothing was changed. Where the other meter saw this component alone (a bench meter in a card's supply), its "
      "readings are put right by: wattline meter integrate {} --gain {:.4g} --offset '{:.4g} W'. A meter at the wall "
      "sees "
      "more than the component, and then gain and offset are those of the rest of the machine too.",
      trace, gain, line.offset.value().base());
}

Result align_traces(const AlignOptions& o, Context&) {
  const PowerTrace mine = read_power_trace(o.trace.read(), o.trace.name()),
                   theirs = read_power_trace(o.other.read(), o.other.name());
  const Series trace = power_of(mine, o.component, o.trace.name()), other = power_of(theirs, {}, o.other.name());
  const ClockFit fit = fit_clock(trace, other, o.most);
  Result out;
  out.title = fmt::format("{} laid over {}", o.other.name(), o.trace.name());
  const auto seconds = [](Duration value, Duration error) {
    auto e = Estimate<Duration>(RawEstimate(value.base(), error.base() / 1.96, Method::measured, "cross-correlation"));
    e.raw().set_signed();
    return e;
  };
  if (fit.zone.base() != 0)
    out.estimate("zone", "Time zone", seconds(fit.zone, Duration(0)), "h", "to be added to the other's times");
  out.estimate("lag", "Lag", seconds(fit.lag, fit.lag_error), "s",
               fit.zone.base() != 0 ? "besides" : "to be added to the other's times");
  if (std::isfinite(fit.drift_error)) {
    auto drift = Estimate<Ratio>(RawEstimate(fit.drift, fit.drift_error / 1.96, Method::measured, "cross-correlation"));
    drift.raw().set_signed();
    out.estimate(
        "drift", "Drift", drift, {},
        std::abs(fit.drift) > fit.drift_error ? "seconds a second" : "seconds a second; none can be told from 0");
  } else {
    out.note("Whether the clocks drift cannot be told: the parts of the record are too short or too even.");
  }
  out.estimate("correlation", "Correlation", Estimate<Ratio>::exact(fit.correlation), {},
               fmt::format("elsewhere at most {:.2f}", fit.next_best));
  out.verdict =
      Verdict{fit.sure(), fit.sure() ? "one place fits and no other does"
                                     : fmt::format("the place is a guess: correlation {:.2f}, elsewhere {:.2f}",
                                                   fit.correlation, fit.next_best)};
  const Series moved = shifted(other, fit.total());
  Averaging averaging;
  for (const auto& c : mine.channels)
    if (averaging.window <= Duration(0)) averaging = usual_averaging(c.device);
  if (o.window) averaging.window = *o.window;
  const auto line = calibrate(trace, moved, averaging);
  if (line) {
    out.estimate("gain", "Gain", line->gain, {},
                 "other = gain * trace + offset; the line's own interval, another card or day may differ");
    out.estimate("offset", "Offset", line->offset, "W");
  } else {
    out.note("No gain and offset: the trace's value is renewed too seldom, or its power does not vary.");
  }
  const Time begin = std::max(trace.times.front(), moved.times.front()),
             end = std::min(trace.times.back(), moved.times.back());
  Table table("");
  table.title = "Both over the time they share";
  table.text("record").number("energy", "J").number("mean", "W").number("covered", "s").number("missing", "s");
  for (const auto& [name, series] :
       {std::pair<std::string, const Series*>{o.trace.name(), &trace}, {o.other.name(), &moved}}) {
    TraceChannel c;
    c.power = *series;
    const ChannelEnergy e = channel_energy(c, begin, end);
    table.add_row(
        {name, e.readings_joules, e.mean ? e.mean->base() : std::nan(""), e.covered.base(), e.missing.base()});
    if (line && series == &trace) {
      const double gain = line->gain.value().base(), offset = line->offset.value().base();
      table.add_row({name + ", with gain and offset", gain * e.readings_joules + offset * e.covered.base(),
                     e.mean ? gain * e.mean->base() + offset : std::nan(""), e.covered.base(), e.missing.base()});
    }
  }
  out.add(std::move(table));
  if (line && fit.sure()) out.note(advice(*line, o.trace.name()));
  if (fit.zone.base() != 0)
    out.note(fmt::format("The other's times lie {} from the trace's: it seems to be in another time zone.",
                         zone_text(fit.zone)));
  return out;
}

}  // namespace

Capability align_capability() {
  static const auto fields =
      Fields<AlignOptions>()
          .file("trace", &AlignOptions::trace, "the trace whose clock counts")
          .required()
          .positional()
          .file("other", &AlignOptions::other, "the other meter's record, in any format that `meter integrate` reads")
          .required()
          .positional()
          .text("component", &AlignOptions::component, "of the trace; none: the sum of what is counted")
          .quantity("most", &AlignOptions::most, "h", "greatest lag that is looked at")
          .range(0, 100)
          .quantity("window", &AlignOptions::window, "s",
                    "over how long the trace's readings are averaged; none: by the board's name")
          .range(0.001, 60);
  Capability c = capability<AlignOptions>("meter", "align", "By how much two meters' clocks and powers differ.",
                                          align_traces, fields);
  c.description =
      "Lays an external meter's record over a trace by cross-correlation: the lag (with its 95 % interval), a time "
      "zone that "
      "nobody wrote down (whole quarter hours), the drift of the clocks from four parts of the record, and how sure "
      "that is: "
      "the correlation there beside the highest elsewhere. Where one place does not stand out the verdict is no (exit "
      "code "
      "1). Gain and offset of the trace's readings against the other are fitted with the readings' averaging window "
      "(arXiv:2312.02741). They are told, and never applied by themselves: only who laid the cables knows whether both "
      "saw the same. The table shows what the trace would say with them, and a line the `meter integrate --gain "
      "--offset` that does it.";
  c.verb = Verb::observe;
  c.consumes = {"power.series.v1"};
  std::string trace = "time,power [W]\n", other = "time,power [W]\n";
  for (int i = 0; i < 60; ++i) {
    const int watts = (i * i / 37) % 3 == 1 ? 200 + i : 80 + i % 5;
    trace += fmt::format("2026-11-24T14:00:{:02}Z,{}\n", i, watts);
    other += fmt::format("2026-11-24T15:00:{:02}Z,{}\n", i, watts * 1.1);
  }
  c.examples = {
      {{"--trace", "trace.csv", "--other", "wall.csv"}, {{"trace.csv", trace}, {"wall.csv", other}}, "Time zone"}};
  return c;
}

}  // namespace wattline::meter
