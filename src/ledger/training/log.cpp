#include "ledger/training/log.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"
#include "ledger/training/project.h"

namespace wattline::ledger::training {

Log read_log(const InputFile& file, double gap) {
  Log m;
  m.gap = gap;
  m.trace = read_trace(file.read(), file.name());
  m.begin = Time{INT64_MAX};
  m.end = Time{INT64_MIN};
  for (const auto& d : m.trace.devices) {
    const TraceEnergy e = integrate(d.power, gap);
    m.all.joules += e.joules;
    m.all.gap_joules += e.gap_joules;
    m.all.gap_seconds += e.gap_seconds;
    m.all.gaps += e.gaps;
    m.all.samples += e.samples;
    m.all.mean_watts += e.mean_watts;
    m.all.max_watts += e.max_watts;
    m.all.sum_watts += e.sum_watts;
    m.all.median_step = std::max(m.all.median_step, e.median_step);
    m.begin = std::min(m.begin, d.power.times.front());
    m.end = std::max(m.end, d.power.times.back());
    m.each.push_back(e);
  }
  m.all.seconds = m.duration();
  if (!(m.duration() > 0)) throw bad_input("all samples are of one instant", file.name());
  return m;
}

// Energy of all devices in `parts` equal pieces of the first `share` of the time.
std::vector<double> pieces(const Log& m, std::size_t parts, double share) {
  std::vector<double> out;
  const double length = m.duration() * share / static_cast<double>(parts);
  for (std::size_t i = 0; i < parts; ++i) {
    const Time a = m.begin + Duration(length * static_cast<double>(i)),
               b = m.begin + Duration(length * static_cast<double>(i + 1));
    double joules = 0;
    for (const auto& d : m.trace.devices) joules += integrate(d.power, m.gap, a, b).joules;
    out.push_back(joules);
  }
  return out;
}

double mean_load(const DeviceTrace& d) {
  double sum = 0, n = 0;
  for (const double u : d.utilisation)
    if (std::isfinite(u)) {
      sum += u;
      n += 1;
    }
  return n > 0 ? sum / n : -1;
}

Table devices_table(const Log& m) {
  Table t("training.devices.v1");
  t.title = "By device";
  t.text("device")
      .integer("samples")
      .number("energy", "Wh")
      .number("mean", "W")
      .number("max", "W")
      .number("limit", "W");
  t.number("load", "%", "mean utilisation").number("step", "s", "median").integer("gaps").number("in_gaps", "Wh");
  for (std::size_t i = 0; i < m.each.size(); ++i) {
    const auto& d = m.trace.devices[i];
    const auto& e = m.each[i];
    const double load = mean_load(d);
    const std::string name = d.name.empty() ? fmt::format("device {}", i) : d.name;
    t.add_row({d.id.empty() || d.id == d.name ? name : name + " (" + d.id + ")", static_cast<std::int64_t>(e.samples),
               e.joules / 3600, e.mean_watts, e.max_watts, d.limit ? Table::Cell(*d.limit) : Table::Cell(),
               load >= 0 ? Table::Cell(100 * load) : Table::Cell(), e.median_step, static_cast<std::int64_t>(e.gaps),
               e.gap_joules / 3600});
  }
  return t;
}

Figure power_figure(const Log& m) {
  Figure f;
  f.title = "Power";
  f.x = {"time since the start", "s"};
  f.y = {"power", "W"};
  for (const auto& d : m.trace.devices) {
    if (f.traces.size() == 8) break;
    Figure::Trace trace;
    trace.name = d.name.empty() ? "device" : d.name;
    const std::size_t every = d.power.size() / 600 + 1;
    for (std::size_t i = 0; i < d.power.size(); i += every) {
      trace.x.push_back((d.power.times[i] - m.begin).base());
      trace.y.push_back(d.power.values[i]);
    }
    f.traces.push_back(std::move(trace));
  }
  return f;
}

constexpr std::size_t parts_of_a_trace = 100;

Table projection_table(const Log& m, double first) {
  Table t("training.projection.v1");
  t.title = "What the first part of this run would have foretold";
  t.caption =
      "energy of the whole run from equal parts of 1 % of the time, the first left out as warm-up; the interval "
      "is of the scatter between parts and knows no drift";
  t.number("seen", "%").number("foretold", "Wh").number("low", "Wh").number("high", "Wh").number("error", "%");
  std::vector<double> shares{10, 20, 50};
  if (std::find(shares.begin(), shares.end(), first) == shares.end()) shares.push_back(first);
  std::sort(shares.begin(), shares.end());
  for (const double share : shares) {
    const auto n = static_cast<std::size_t>(std::llround(share));
    if (n < 1) continue;
    const Projection p = project(pieces(m, n, static_cast<double>(n) / 100), parts_of_a_trace);
    t.add_row({static_cast<double>(n), p.value / 3600, p.interval.low / 3600, p.interval.high / 3600,
               100 * (p.value / m.all.joules - 1)});
  }
  return t;
}

void add_comparison(Result& out, const Log& a, const Log& b) {
  Table t("training.comparison.v1");
  t.title = "Against the baseline";
  t.caption = "energy-delay product: energy times time. Two single runs: a difference may be chance (study compare)";
  t.text("what").number("baseline").number("this").text("unit").number("ratio");
  const auto row = [&](const char* what, double base, double mine, const char* unit) {
    t.add_row({what, base, mine, unit, base > 0 ? Table::Cell(mine / base) : Table::Cell()});
  };
  row("energy", b.all.joules / 3600, a.all.joules / 3600, "Wh");
  row("time", b.duration(), a.duration(), "s");
  row("mean power", b.all.joules / b.duration(), a.all.joules / a.duration(), "W");
  row("energy-delay product", b.all.joules / 3600 * b.duration(), a.all.joules / 3600 * a.duration(), "Wh s");
  out.add(std::move(t));
  const auto name = [](const Log& m) { return m.trace.devices.front().name; };
  if (name(a) != name(b))
    out.warn(fmt::format("the runs are on different devices ({} and {}): what differs is not the power limit alone",
                         name(a), name(b)));
}

}  // namespace wattline::ledger::training
