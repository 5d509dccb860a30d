#include "meter/traces/integrate.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "kernel/error.h"
#include "kernel/units.h"
#include "meter/recorder.h"

namespace wattline::meter {
namespace {

struct IntegrateOptions {
  InputFile trace, edges;
  std::string begin, end;
  std::optional<double> gain;
  std::optional<Power> offset;
  std::optional<Duration> window, renewal;
};

std::optional<Time> bound(const std::string& text, const char* name) {
  if (text.empty()) return std::nullopt;
  try {
    return parse_time(text);
  } catch (const Error& e) {
    throw e.at(name);
  }
}

std::vector<Time> read_edges(const InputFile& file) {
  std::vector<Time> out;
  const std::string text = file.read();
  std::size_t line = 0;
  for (std::size_t from = 0; from < text.size();) {
    const auto to = std::min(text.find('\n', from), text.size());
    std::string cell = text.substr(from, to - from);
    from = to + 1;
    ++line;
    while (!cell.empty() && (cell.back() == '\r' || cell.back() == ' ')) cell.pop_back();
    if (cell.empty()) continue;
    const auto time = trace_time(cell);
    if (!time && line == 1) continue;  // a heading
    if (!time)
      throw bad_input(fmt::format("'{}' is no time; one edge of the load a line is needed", cell.substr(0, 60)),
                      fmt::format("{}:{}", file.name(), line),
                      "ISO 8601, or seconds, milli- or microseconds since 1970");
    // Lists made for drawing name each edge twice.
    if (!out.empty() && *time == out.back()) continue;
    if (!out.empty() && *time < out.back())
      throw bad_input("the edge lies before the one above it", fmt::format("{}:{}", file.name(), line),
                      "sort them by time");
    out.push_back(*time);
  }
  return out;
}

bool of_nvidia(const PowerTrace& trace, const TraceChannel& c) {
  return trace.format == "nvidia-smi" || c.component.starts_with("gpu-") || c.device.find("NVIDIA") != c.device.npos;
}

// The intervals whose value is the mean over them.
ChannelEnergy of_means(const TraceChannel& c, std::optional<Time> begin, std::optional<Time> end) {
  ChannelEnergy out;
  const Series& s = c.power;
  const Time from = begin.value_or(s.times.front()), to = end.value_or(s.times.back());
  for (std::size_t i = 1; i < s.size(); ++i) {
    const Time a = std::max(from, s.times[i - 1]), b = std::min(to, s.times[i]);
    if (b <= a) continue;
    if (std::isnan(s.values[i])) {
      ++out.gaps;
      continue;
    }
    out.readings_joules += s.values[i] * (b - a).base();
    out.covered += b - a;
    ++out.samples;
    if (!out.peak || Power(s.values[i]) > *out.peak) out.peak = Power(s.values[i]);
  }
  out.missing = std::max(Duration(0), (to > from ? to - from : Duration(0)) - out.covered);
  out.energy = Estimate<Energy>::with_sd(Energy(out.readings_joules), Energy(0), Method::measured, "mean powers");
  return out;
}

}  // namespace

Averaging usual_averaging(std::string_view device) {
  const auto has = [&](std::string_view part) { return device.find(part) != device.npos; };
  if (has("A100") || has("A800") || has("H100") || has("H800") || has("A30")) {
    if (has("A3000")) return {};
    return {Duration(0.1), Duration(0.025)};
  }
  if (has("RTX 30") || has("RTX 40") || has("RTX 50") || has("RTX A") || has("L40"))
    return {Duration(0.1), Duration(1)};
  return {};
}

ChannelEnergy channel_energy(const TraceChannel& c, std::optional<Time> begin, std::optional<Time> end,
                             const TraceCorrection& correction) {
  ChannelEnergy out;
  if (c.power.size() == 0) return out;
  if (c.mean_since_last) {
    out = of_means(c, begin, end);
  } else {
    const Series& s = c.power;
    const Duration renewal = renewal_period(s), step = find_faults(s).median_step;
    const double factor = 3 * std::max(1.0, step > Duration(0) ? renewal.in(step) : 1.0);
    const Time from = begin.value_or(s.times.front()), to = end.value_or(s.times.back());
    const auto corrected =
        corrected_energy(s, from, to, correction.averaging, correction.calibration, correction.edges, factor);
    const Integral whole = integrate(s, from, to, factor);
    out.readings_joules = corrected.readings_joules;
    out.energy = corrected.energy;
    out.covered = corrected.covered;
    out.missing = corrected.missing;
    out.samples = whole.samples;
    out.gaps = find_faults(s, factor).gaps.size();
    // Where nothing is known of the driver, or the log has fewer rows than windows, the trapezoid is the answer.
    const bool known = correction.averaging.window > Duration(0) &&
                       (correction.averaging.window < Duration(0.5) || step <= correction.averaging.window);
    if (!known && correction.edges.empty()) {
      const double gain = correction.calibration.gain.value().base(),
                   offset = correction.calibration.offset.value().base();
      out.energy = Estimate<Energy>(RawEstimate::sum(
          corrected.energy.raw(),
          RawEstimate(gain * whole.value + offset * whole.covered.base() - corrected.energy.value().base()), 1));
      out.covered = whole.covered;
      out.missing = whole.missing;
    } else {
      out.how = corrected.how;
    }
    for (std::size_t i = 0; i < s.size(); ++i)
      if (s.times[i] >= from && s.times[i] <= to && std::isfinite(s.values[i]) &&
          (!out.peak || Power(s.values[i]) > *out.peak))
        out.peak = Power(s.values[i]);
  }
  out.step = find_faults(c.power).median_step;
  if (out.covered > Duration(0)) out.mean = Energy(out.readings_joules) / out.covered;
  return out;
}

Series total_power(const PowerTrace& trace) {
  const TraceChannel* most = nullptr;
  for (const auto& c : trace.channels)
    if (c.counted && (!most || c.power.size() > most->power.size())) most = &c;
  Series out;
  if (!most) return out;
  out = most->power;
  out.name = "total";
  for (const auto& c : trace.channels) {
    if (!c.counted || &c == most) continue;
    std::size_t at = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
      while (at + 1 < c.power.size() && c.power.times[at + 1] <= out.times[i]) ++at;
      if (c.power.times[at] <= out.times[i] && std::isfinite(c.power.values[at])) out.values[i] += c.power.values[at];
    }
  }
  return out;
}

namespace {

// The gaps at the mean of the rest, as unsure as the powers that were seen and no less than half; nothing where the
// gaps are too short to matter.
std::optional<Estimate<Energy>> with_gaps(const ChannelEnergy& e) {
  if (e.missing <= (e.covered + e.missing) * 0.01 || !e.mean) return std::nullopt;
  const double mean = e.energy.value().base() / e.covered.base();
  const double spread = std::max(mean / 2, e.peak ? e.peak->base() - mean : 0);
  const RawEstimate gaps(mean * e.missing.base(), spread * e.missing.base() / 1.96, Method::modelled,
                         "gaps filled in at the mean");
  return Estimate<Energy>(RawEstimate::sum(e.energy.raw(), gaps, 1));
}

// Of a channel of which no moment is covered.
std::string why_nothing(const TraceChannel& c, std::optional<Time> begin, std::optional<Time> end) {
  const Series& s = c.power;
  const std::string left_out =
      c.duplicates + c.steps_back > 0
          ? fmt::format("; {} whose time was there already or goes back are left out", c.duplicates + c.steps_back)
          : "";
  if (s.size() < 2) return fmt::format("{} row{} with a power{}", s.size(), s.size() == 1 ? "" : "s", left_out);
  if ((begin && *begin >= s.times.back()) || (end && *end <= s.times.front()))
    return fmt::format("its rows are from {} to {}", to_string(s.times.front()), to_string(s.times.back()));
  return fmt::format("its {} rows lie too far apart, or say no power{}", s.size(), left_out);
}

Result integrate_trace(const IntegrateOptions& o, Context& context) {
  const auto& catalog = context.get<catalog::Catalog>();
  const PowerTrace trace = read_power_trace(o.trace.read(), o.trace.name());
  const auto begin = bound(o.begin, "begin"), end = bound(o.end, "end");
  if (begin && end && *end <= *begin)
    throw bad_input(fmt::format("the end {} is not later than the begin {}", o.end, o.begin), "end");

  Result out;
  out.title = fmt::format("Energy of {}", o.trace.name());
  Table table("trace.energy.v1");
  table.title = "Components";
  table.text("component")
      .number("energy", "J", "corrected where a correction is known")
      .number("readings", "J", "the plain sum");
  table.number("mean", "W").number("peak", "W").number("covered", "s").number("missing", "s");
  table.integer("samples")
      .integer("gaps")
      .integer("duplicates")
      .integer("back", "", "rows whose time lies before an earlier row's");
  std::optional<Estimate<Energy>> total, whole;
  Duration gap{0};
  std::vector<std::string> ways;
  std::size_t duplicates = 0, back = 0;
  double plain = 0;
  for (const auto& c : trace.channels) {
    TraceCorrection correction;
    const bool nvidia = of_nvidia(trace, c);
    if (nvidia) correction.averaging = usual_averaging(c.device);
    if (o.window) correction.averaging.window = *o.window;
    if (o.renewal) correction.averaging.renewal = *o.renewal;
    if (o.edges.given()) correction.edges = read_edges(o.edges);
    if (o.gain || o.offset) {
      correction.calibration.gain =
          Estimate<Ratio>::relative(o.gain.value_or(1), 0.02, Method::measured, "calibration given");
      correction.calibration.offset = Estimate<Power>::exact(o.offset.value_or(Power(0)));
      correction.calibration.offset.raw().set_signed();
    } else if (nvidia) {
      const auto& factor = catalog.factor("meter.nvml.gain");
      correction.calibration.gain = Estimate<Ratio>(factor.estimate());
      out.use(factor.use());
    }
    ChannelEnergy e = channel_energy(c, begin, end, correction);
    // The factor says how good the meter is; the joules stay measured, where they were.
    const RawEstimate& raw = e.energy.raw();
    if (c.modelled) e.energy.raw().worsen(Method::modelled);
    else if (raw.method() != Method::measured)
      e.energy = Estimate<Energy>::with_sd(e.energy.value(), e.energy.sd(), Method::measured, trace.format);
    const auto watts = [](const std::optional<Power>& p) { return p ? p->base() : std::nan(""); };
    const bool seen = e.covered > Duration(0);
    table.add_row({c.component + (c.counted ? "" : " (in the others)"), seen ? e.energy.value().base() : std::nan(""),
                   seen ? e.readings_joules : std::nan(""), watts(e.mean), watts(e.peak), e.covered.base(),
                   e.missing.base(), static_cast<std::int64_t>(e.samples), static_cast<std::int64_t>(e.gaps),
                   static_cast<std::int64_t>(c.duplicates), static_cast<std::int64_t>(c.steps_back)});
    duplicates += c.duplicates;
    back += c.steps_back;
    if (!c.counted) continue;
    if (!seen) {
      out.warn(fmt::format("{}: {}: a gap, and no zero", c.component, why_nothing(c, begin, end)));
      continue;
    }
    const auto filled = with_gaps(e);
    if (filled || whole) {
      const Estimate<Energy> own = filled.value_or(e.energy);
      whole = whole ? *whole + own : total ? *total + own : own;
    }
    if (filled) gap = std::max(gap, e.missing);
    total = total ? *total + e.energy : e.energy;
    plain += e.readings_joules;
    if (!e.how.empty() && std::find(ways.begin(), ways.end(), e.how) == ways.end()) ways.push_back(e.how);
    if (e.missing > (e.covered + e.missing) * 0.01)
      out.warn(fmt::format("{}: {} of {} are not covered, nothing is put in their place", c.component,
                           to_string(e.missing, 3), to_string(e.covered + e.missing, 3)));
  }
  if (!total) {
    std::string why;
    for (const auto& c : trace.channels)
      if (why.empty() && c.counted) why = c.component + ": " + why_nothing(c, begin, end);
    throw bad_input("nothing can be added up; " + (why.empty() ? "no component is counted" : why), o.trace.name(),
                    "two rows at two times within the begin and the end are needed");
  }
  const std::string of = gap > Duration(0) ? fmt::format("of what is covered: {} are not", to_string(gap, 3)) : "";
  out.estimate("energy", "Energy", *total, {}, of);
  if (whole) out.estimate("whole", "With the gaps at the mean", *whole);
  const auto readings = Estimate<Energy>::with_sd(Energy(plain), Energy(0), total->method(), trace.format);
  out.estimate("readings", "Plain sum of the readings", readings, {}, "as others would add them up");
  out.add(std::move(table));
  Figure f;
  f.title = "Power over time";
  f.x = {"time", "s", false, false};
  f.y = {"power", "W", false, false};
  for (const auto& c : trace.channels) {
    Figure::Trace t;
    t.name = c.component;
    const std::size_t every = std::max<std::size_t>(1, c.power.size() / 400);
    for (std::size_t i = 0; i < c.power.size(); i += every) {
      t.x.push_back((c.power.times[i] - trace.channels.front().power.times.front()).base());
      t.y.push_back(c.power.values[i]);
    }
    f.traces.push_back(std::move(t));
  }
  out.add(std::move(f));
  std::string note = fmt::format("Read as {}: {} row{}", trace.format, trace.rows, trace.rows == 1 ? "" : "s");
  if (trace.unreadable)
    note += fmt::format(", {} of them cannot be read ({}{})", trace.unreadable,
                        trace.unreadable > 1 && !trace.first_unreadable.empty() ? "the first: " : "",
                        trace.first_unreadable);
  if (duplicates) note += fmt::format(", {} with a time that was there already", duplicates);
  if (back) note += fmt::format(", {} with a time before an earlier row's", back);
  out.note(note + ". Steps over three periods are gaps; nothing is put in their place.");
  for (const auto& way : ways) out.note("Corrected: " + way + ".");
  for (const auto& doubt : trace.doubts) out.warn(doubt);
  if (std::any_of(trace.channels.begin(), trace.channels.end(), [](const auto& c) { return c.counted && c.modelled; }))
    out.warn(
        "who recorded this modelled it: how far the model may be off is not in the file, and not in the interval here "
        "(`wattline meter sources` tells it on that machine)");
  if (trace.from_zero) out.note("The times count from the beginning of the trace.");
  if (!trace.zone_known) out.note("The times name no zone and are taken as UTC.");
  return out;
}

}  // namespace

Capability integrate_capability() {
  static const auto fields =
      Fields<IntegrateOptions>()
          .file("trace", &IntegrateOptions::trace,
                "power over time: nvidia-smi, PTDaemon, powermetrics, CodeCarbon, ours")
          .required()
          .positional()
          .text("begin", &IntegrateOptions::begin, "from this time on; none: the first row")
          .text("end", &IntegrateOptions::end, "to this time; none: the last row")
          .quantity("window", &IntegrateOptions::window, "s",
                    "over how long the driver averages a reading; none: by the board's name")
          .range(0.001, 60)
          .quantity("renewal", &IntegrateOptions::renewal, "s",
                    "how often a reading is renewed; none: found from the readings")
          .range(0.001, 60)
          .number("gain", &IntegrateOptions::gain, "true power = gain * reading + offset, as `meter align` finds them")
          .range(0.2, 5)
          .quantity("offset", &IntegrateOptions::offset, "W", "see gain")
          .file("edges", &IntegrateOptions::edges, "times at which the load went on and off by turns, one a line");
  Capability c = capability<IntegrateOptions>("meter", "integrate", "The energy of a recorded power trace.",
                                              integrate_trace, fields);
  c.description =
      "Reads power over time from nvidia-smi's CSV (both styles of headings), SPEC PTDaemon, Apple's powermetrics, "
      "CodeCarbon, `wattline run --series`, `wattline meter record` or any CSV with a time and a power, and adds it "
      "up: the "
      "trapezoid over readings, the mean times the time for counters. Gaps of more than three periods are left out and "
      "told; times that come again or go back are dropped and counted.\n\n"
      "NVIDIA's drivers average their readings (arXiv:2312.02741): over a trailing second, or over 25 of each 100 ms "
      "on A100 "
      "and H100. Where the board's name or --window tells the window, the lag is undone; with --edges, the times at "
      "which "
      "the program's own work began and ended, loads that repeat with the renewal are told from what the windows saw "
      "of "
      "them. --gain and --offset come from `wattline meter align` beside a bench meter. The plain sum stands beside.";
  c.verb = Verb::observe;
  c.consumes = {"power.series.v1"};
  c.examples = {{{"--trace", "power.csv"},
                 {{"power.csv",
                   "time,power [W]\n2026-11-24T14:00:00Z,100\n2026-11-24T14:00:01Z,100\n2026-11-24T14:00:02Z,200\n"}},
                 "250 J"}};
  return c;
}

}  // namespace wattline::meter
