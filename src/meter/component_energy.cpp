// From readings to joules.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/units.h"
#include "meter/averaging/corrected.h"
#include "meter/counter_steps.h"
#include "meter/gap_fill.h"
#include "meter/recorder.h"

namespace wattline::meter {
namespace {

Duration between(Time a, Time b) { return b > a ? b - a : Duration(0); }

Series without_failures(const Series& s) {
  Series out;
  out.name = s.name;
  out.unit = s.unit;
  for (std::size_t i = 0; i < s.size(); ++i)
    if (std::isfinite(s.values[i])) out.add(s.times[i], s.values[i]);
  return out;
}

// The highest mean power over spans of at least `window`, of a total in J that only rises.
std::optional<Power> peak_of(const Series& total, Duration window) {
  std::optional<Power> peak;
  std::size_t from = 0, whole_from = 0;
  for (std::size_t to = 0; to < total.size(); ++to) {
    if (std::isnan(total.values[to])) {
      whole_from = to + 1;  // nothing is known across a reset
      continue;
    }
    from = std::max(from, whole_from);
    while (from + 1 < to && total.times[to] - total.times[from + 1] >= window) ++from;
    if (from >= to || total.times[to] - total.times[from] < window) continue;
    const Power p = Energy(total.values[to] - total.values[from]) / (total.times[to] - total.times[from]);
    if (!peak || p > *peak) peak = p;
  }
  return peak;
}

bool overlaps(const std::vector<TimeSpan>& spans, Time a, Time b) {
  return std::any_of(spans.begin(), spans.end(), [&](const TimeSpan& s) { return s.begin < b && a < s.end; });
}

// Whether the step from a to b lies in a span during which the counter stood still.
bool within(const std::vector<TimeSpan>& spans, Time a, Time b) {
  return std::any_of(spans.begin(), spans.end(), [&](const TimeSpan& s) { return s.begin <= a && b <= s.end; });
}

Duration length_of(const std::vector<TimeSpan>& spans) {
  Duration sum{0};
  for (const auto& s : spans) sum += s.end - s.begin;
  return sum;
}

void of_counter(ComponentEnergy& out, const SourceRecord& record, Time begin, Time end, double& joules) {
  const SourceInfo& info = record.info;
  // A failed reading loses nothing: the counter went on.
  const Series readings = without_failures(record.readings);
  CounterSteps steps(info.range, info.most, info.update);
  Series total;  // J that only rise; NaN: not known since the sample before
  std::size_t unseen = 0;
  out.power.name = info.component;
  out.power.unit = "W";
  out.missing = readings.size() == 0 ? between(begin, end)
                                     : between(begin, readings.times.front()) + between(readings.times.back(), end);
  for (std::size_t i = 0; i < readings.size(); ++i) {
    const Time at = readings.times[i], last = i ? readings.times[i - 1] : at;
    const auto step = steps.next(at.ns, readings.values[i], overlaps(record.sleeps, last, at));
    out.wraps += step.kind == CounterSteps::Kind::wrap;
    out.resets += step.kind == CounterSteps::Kind::reset;
    unseen += step.least;
    joules += step.joules;
    const bool known = step.known && !(step.joules == 0 && within(record.stalls, last, at));
    if (i && !known) total.add(Time{last.ns + (at.ns - last.ns) / 2}, std::nan(""));
    total.add(at, joules);
    if (i == 0) out.power.add(at, std::nan(""));  // from when the mean of the next row is
    if (step.length <= Duration(0)) continue;
    (known ? out.covered : out.missing) += step.length;
    out.power.add(at, known ? step.joules / step.length.base() : std::nan(""));
  }
  if (out.covered > Duration(0)) {
    out.mean = Energy(joules) / out.covered;
    out.peak = peak_of(total, std::min(out.covered, info.update * 5.0));
  }
  if (out.resets > 0)
    out.warnings.push_back(fmt::format("{}: the counter started anew {} time{}; the time around it was not read",
                                       info.component, out.resets, out.resets == 1 ? "" : "s"));
  if (!record.stalls.empty())
    out.warnings.push_back(fmt::format("{}: the counter stood still for {} while {} at work: that time is left out",
                                       info.component, to_string(length_of(record.stalls), 3),
                                       info.domain == Domain::cpu ? "the processor was" : "the board was"));
  out.least = unseen > 0;
  if (unseen > 0)
    out.warnings.push_back(
        fmt::format("{}: {} readings lie so far apart that the counter may have wrapped unseen; the "
                    "energy is at least this",
                    info.component, unseen));
}

// A sensor tells nothing of the time in which the machine slept.
Series with_sleeps(const SourceRecord& record) {
  if (record.sleeps.empty()) return record.readings;
  Series out;
  out.name = record.readings.name;
  out.unit = record.readings.unit;
  for (std::size_t i = 0; i < record.readings.size(); ++i) {
    const Time at = record.readings.times[i], last = i ? record.readings.times[i - 1] : at;
    if (i && overlaps(record.sleeps, last, at)) out.add(Time{last.ns + (at.ns - last.ns) / 2}, std::nan(""));
    out.add(at, record.readings.values[i]);
  }
  return out;
}

void of_sensor(ComponentEnergy& out, const SourceRecord& record, Time begin, Time end, double& joules,
               double& sampling_sd) {
  const Series s = with_sleeps(record);
  // Readings closer together than the sensor renews its value: a gap is then a matter of renewals.
  const Duration renewal = std::max(record.info.update, renewal_period(s)), step = find_faults(s).median_step;
  const double gap_factor = 3 * std::max(1.0, step > Duration(0) ? renewal.in(step) : 1.0);
  const Integral whole = integrate(s, begin, end, gap_factor);
  joules = whole.value;
  out.covered = whole.covered;
  out.missing = whole.missing;
  out.power = s;
  out.power.name = record.info.component;
  if (out.covered > Duration(0)) out.mean = Energy(joules) / out.covered;
  for (const double v : s.values)
    if (std::isfinite(v) && (!out.peak || Power(v) > *out.peak)) out.peak = Power(v);
  // What half the readings would have said tells what is missed between them.
  if (s.size() >= 5) {
    Series half;
    for (std::size_t i = 0; i < s.size(); ++i)
      if (i % 2 == 0 || i + 1 == s.size()) half.add(s.times[i], s.values[i]);
    const Integral other = integrate(half, begin, end, gap_factor);
    if (other.covered > Duration(0))
      sampling_sd =
          std::abs(other.value / other.covered.base() - whole.value / out.covered.base()) * out.covered.base();
  }
  // A trailing mean tells of the time before each reading: at the begin of a load it still sees what was before.
  if (record.info.averaged > renewal && out.missing <= renewal * 2.0) {
    const auto corrected = corrected_energy(s, begin, end, {renewal, record.info.averaged}, {}, {}, gap_factor);
    joules = corrected.energy.value().base();
    sampling_sd = std::max(sampling_sd, corrected.energy.sd().base());
    if (out.covered > Duration(0)) out.mean = Energy(joules) / corrected.covered;
  }
}

}  // namespace

Duration renewal_period(const Series& s) {
  std::vector<double> steps;
  std::optional<Time> last;
  for (std::size_t i = 1; i < s.size(); ++i) {
    if (!(s.values[i] != s.values[i - 1]) || std::isnan(s.values[i] - s.values[i - 1])) continue;
    if (last) steps.push_back((s.times[i] - *last).base());
    last = s.times[i];
  }
  if (steps.size() < 2) return Duration(0);
  std::nth_element(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2), steps.end());
  return Duration(steps[steps.size() / 2]);
}

ComponentEnergy component_energy(const SourceRecord& record, Time begin, Time end, const catalog::Catalog& catalog,
                                 Gaps gaps) {
  const SourceInfo& info = record.info;
  ComponentEnergy out;
  out.info = info;
  out.samples = record.readings.size() - std::min(record.failures, record.readings.size());
  double joules = 0, sampling_sd = 0;
  if (info.kind == SourceKind::energy) of_counter(out, record, begin, end, joules);
  else of_sensor(out, record, begin, end, joules, sampling_sd);

  Duration renewal = info.update;
  if (info.kind == SourceKind::power) renewal = std::max(renewal, renewal_period(record.readings));
  const Duration length = end - begin;
  Method method = info.modelled ? Method::modelled : Method::measured;
  std::string source = fmt::format("{} ({})", info.family, info.where), trouble = record.trouble;
  if (info.kind == SourceKind::energy && length < info.update * 5.0 && record.watts_at_end) {
    method = Method::modelled;
    joules = *record.watts_at_end * length.base();
    out.mean = out.peak = Power(*record.watts_at_end);
    out.covered = length;
    out.missing = Duration(0);
    source += ": power at the end times the duration";
    out.warnings.push_back(
        fmt::format("{}: the run is shorter than five steps of the counter ({} each), so this is its "
                    "power at the end times the duration",
                    info.component, to_string(info.update)));
  } else if (info.kind == SourceKind::energy && joules <= 0 && out.covered > Duration(0) && info.family != "model") {
    // One that did not move tells nothing of what was drawn: something was.
    trouble = fmt::format("the counter did not move: it stands still, or {} are too short for its steps",
                          to_string(length, 3));
    out.missing = length;
    out.covered = Duration(0);
    out.mean.reset();
    out.peak.reset();
    for (double& watts : out.power.values) watts = std::nan("");
  } else if (length < renewal * 5.0 && out.covered > Duration(0)) {
    out.warnings.push_back(fmt::format("{}: the run is shorter than five renewals of the reading ({} each)",
                                       info.component, to_string(renewal)));
  }
  if (!record.sleeps.empty())
    out.warnings.push_back(fmt::format("{}: the machine slept in {} of {}{}", info.component,
                                       to_string(length_of(record.sleeps), 3), to_string(length, 3),
                                       info.kind == SourceKind::power ? ": that time is left out" : ""));
  if (out.covered <= Duration(0))
    out.warnings.push_back(fmt::format("{}: nothing of {} is covered: a gap, and no zero{}", info.component,
                                       to_string(length, 3), trouble.empty() ? "" : " (" + trouble + ")"));
  else if (gaps == Gaps::left_out && out.missing > length * 0.01)
    out.warnings.push_back(fmt::format("{}: {} of {} are not covered, nothing is put in their place{}", info.component,
                                       to_string(out.missing, 3), to_string(length, 3),
                                       trouble.empty() ? "" : " (" + trouble + ")"));

  // Each end of the span falls somewhere between two renewals of the value.
  const double watts = out.mean ? out.mean->base() : 0;
  double edges_sd = watts * std::min(renewal, length).base() / std::sqrt(6.0);
  // And a value is known to a step of the counter or sensor.
  if (method == Method::measured || info.modelled)
    edges_sd =
        std::hypot(edges_sd, info.kind == SourceKind::energy ? info.resolution / std::sqrt(6.0)
                                                             : info.resolution * out.covered.base() / std::sqrt(12.0));
  double gain = 1, gain_sd = 0;
  if (!info.gain.empty()) {
    const auto& factor = catalog.factor(info.gain);
    out.factors.push_back(factor.use());
    gain = factor.estimate().value();
    gain_sd = factor.estimate().sd();
  }
  // The factor says how good the meter is; the joules stay measured.
  RawEstimate reading(joules * gain, std::hypot(edges_sd, sampling_sd) * gain, method, source);
  RawEstimate of_gain(0, joules * gain_sd, method, source);
  of_gain.attribute_to(info.gain);
  out.energy = Estimate<Energy>(RawEstimate::sum(reading, of_gain, 1));
  if (gaps == Gaps::filled_in) fill_gaps(out, length_of(record.sleeps));
  if (out.filled > std::min(length * 0.01, Duration(1)))
    out.warnings.push_back(
        fmt::format("{}: {} of {} were not read, filled in at the mean of {}: {} of its {} are "
                    "modelled{}",
                    info.component, to_string(out.filled, 3), to_string(length, 3), to_string(*out.mean, 3),
                    to_string(out.filled_in.value(), 3), to_string(out.energy.value()),
                    trouble.empty() ? "" : " (" + trouble + ")"));
  return out;
}

Table power_series_table(const std::vector<ComponentEnergy>& all, const Series* load) {
  Table t("power.series.v1");
  t.title = "Power by component";
  t.time("time", "UTC").text("component").number("power", "W", "of a counter: mean since the row before");
  t.text("source", "family of the source").text("method", "measured or modelled");
  t.text("kind", "energy counter, energy model: the mean since the row before; power sensor: a reading");
  t.text("counted", "no: contained in other components, or shown for itself");
  if (load) t.number("load", "%", "of the machine's CPU time since the row before");
  struct Row {
    Time at;
    const ComponentEnergy* of;
    double watts;
  };
  std::vector<Row> rows;
  for (const auto& c : all)
    for (std::size_t i = 0; i < c.power.size(); ++i) rows.push_back({c.power.times[i], &c, c.power.values[i]});
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.at < b.at; });
  std::size_t at = 0;
  for (const auto& r : rows) {
    std::vector<Table::Cell> cells = {r.at,
                                      r.of->info.component,
                                      r.watts,
                                      r.of->info.family,
                                      std::string(to_string(r.of->energy.method())),
                                      r.of->info.family == "model" && r.of->info.kind == SourceKind::energy
                                          ? std::string("energy model")
                                          : std::string(to_string(r.of->info.kind)),
                                      std::string(r.of->info.counted ? "yes" : "no")};
    if (load) {
      while (at + 1 < load->size() && load->times[at + 1] <= r.at) ++at;
      cells.emplace_back(load->size() > 0 && load->times[at] <= r.at ? 100 * load->values[at] : std::nan(""));
    }
    t.add_row(std::move(cells));
  }
  return t;
}

}  // namespace wattline::meter
