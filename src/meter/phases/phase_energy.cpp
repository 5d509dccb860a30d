#include "meter/phases/phase_energy.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "meter/gap_fill.h"

namespace wattline::meter {
namespace {

// A total over time that only rises, straight between its points.
class Rise {
 public:
  // Without a rise everything is spread evenly over the time.
  Rise(std::vector<Time> times, std::vector<double> totals, Time begin, Time end)
      : times_(std::move(times)), totals_(std::move(totals)) {
    if (times_.size() >= 2 && totals_.back() > totals_.front()) return;
    times_ = {begin, end};
    totals_ = {0, 1};
    even_ = true;
  }

  // The part of the whole rise within the span, 0..1.
  double part(const PhaseSpan& s) const {
    const double whole = totals_.back() - totals_.front();
    return std::max(0.0, at(s.to) - at(s.from)) / whole;
  }
  double part(const std::vector<PhaseSpan>& spans) const {
    double sum = 0;
    for (const auto& s : spans) sum += part(s);
    return sum;
  }
  // Time between the points around t; 0 on one of them.
  double spacing(Time t) const {
    if (even_) return 0;
    const auto after = std::lower_bound(times_.begin(), times_.end(), t);
    if (after == times_.begin() || after == times_.end()) return 0;
    const auto before = std::prev(after);
    return std::min({(*after - *before).base(), 2 * (*after - t).base(), 2 * (t - *before).base()});
  }

 private:
  double at(Time t) const {
    const auto after = std::lower_bound(times_.begin(), times_.end(), t);
    if (after == times_.begin()) return totals_.front();
    if (after == times_.end()) return totals_.back();
    const std::size_t i = static_cast<std::size_t>(after - times_.begin());
    const double share = (t - times_[i - 1]).base() / (times_[i] - times_[i - 1]).base();
    return totals_[i - 1] + share * (totals_[i] - totals_[i - 1]);
  }

  std::vector<Time> times_;
  std::vector<double> totals_;
  bool even_ = false;
};

Rise rise_of(const ComponentEnergy& c, Time begin, Time end) {
  std::vector<Time> times;
  std::vector<double> totals;
  const bool counter = c.info.kind == SourceKind::energy;
  const auto add = [&](Time t, double more) {
    if (!times.empty() && t <= times.back()) {
      totals.back() += more;
      return;
    }
    times.push_back(t);
    totals.push_back((totals.empty() ? 0 : totals.back()) + more);
  };
  const double filled = c.filled > Duration(0) ? c.filled_in.value().base() / c.filled.base() : 0;
  if (c.power.size() > 0) add(begin, 0);
  double before = std::nan("");
  Time last = begin;
  for (std::size_t i = 0; i < c.power.size(); ++i) {
    const double p = c.power.values[i];
    // Of a counter the mean since the reading before; of a sensor the instant.
    const double mean = counter || std::isnan(before) ? p : (before + p) / 2;
    const double span = std::max(0.0, (c.power.times[i] - last).base());
    // A gap that was filled in was filled in evenly.
    add(c.power.times[i], std::isfinite(mean) ? std::max(0.0, mean) * span : filled * span);
    before = p;
    last = c.power.times[i];
  }
  if (!counter && std::isfinite(before) && end > last) add(end, std::max(0.0, before) * (end - last).base());
  else if (filled > 0 && end > last) add(end, filled * (end - last).base());
  return Rise(std::move(times), std::move(totals), begin, end);
}

double seconds_of(const std::vector<PhaseSpan>& spans) {
  double sum = 0;
  for (const auto& s : spans) sum += s.length().base();
  return sum;
}

// What may lie on the wrong side of the borders, J.
double border_sd(const std::vector<PhaseSpan>& spans, const ComponentEnergy& c, const Rise& rise, Time begin,
                 Time end) {
  const double watts = std::max(c.mean ? c.mean->base() : 0, c.peak ? c.peak->base() : 0);
  double variance = 0;
  for (const auto& s : spans)
    for (const Time t : {s.from, s.to}) {
      if (t <= begin || t >= end) continue;  // where the run itself begins and ends is in the component's interval
      const double step = std::max(c.info.update.base(), rise.spacing(t));
      variance += watts * step * watts * step / 12;
    }
  return std::min(std::sqrt(variance), std::abs(c.energy.value().base()));
}

}  // namespace

PhaseReport phase_energies(const PhaseTimeline& line, const std::vector<PhasedComponent>& counted, const Series& cpu,
                           Duration cpu_time, Time begin, Time end) {
  PhaseReport out;
  out.overlap = line.overlap;
  std::vector<Rise> rises;
  for (const auto& c : counted) rises.push_back(rise_of(*c.component, begin, end));
  const Rise cpu_rise(cpu.times, cpu.values, begin, end);
  const double whole = (end - begin).base();

  const auto energy_in = [&](std::size_t i, const std::vector<PhaseSpan>& spans) {
    const double total = counted[i].component->energy.value().base(), idle = counted[i].idle.base();
    return (total + idle) * rises[i].part(spans) - (whole > 0 ? idle * seconds_of(spans) / whole : 0);
  };
  const auto add = [&](const std::string& name, std::size_t times, const std::vector<PhaseSpan>& own,
                       const std::vector<PhaseSpan>& open) {
    PhaseEnergy p;
    p.name = name;
    p.times = times;
    p.own = Duration(seconds_of(own));
    p.open = Duration(seconds_of(open));
    p.cpu = cpu_time * cpu_rise.part(own);
    const double shortest = own.empty() ? 0 : p.own.base() / static_cast<double>(own.size());
    MixedSum sum;
    for (std::size_t i = 0; i < counted.size(); ++i) {
      const ComponentEnergy& c = *counted[i].component;
      const double total = c.energy.value().base(), joules = energy_in(i, own);
      RawEstimate part = total != 0 ? RawEstimate::scaled(c.energy.raw(), joules / total)
                                    : RawEstimate(joules, 0, c.energy.method(), c.info.family);
      RawEstimate borders(0, border_sd(own, c, rises[i], begin, end), c.energy.method(), c.info.family);
      if (joules <= 0) part.set_signed();
      sum.add(Estimate<Energy>(RawEstimate::sum(part, borders, 1)));
      p.energy = sum.energy();
      p.open_energy += Energy(energy_in(i, open));
      // Of what draws next to nothing nobody asks how finely it was read.
      if (total > 0 && joules > 0.05 * std::abs(p.energy.value().base()))
        p.estimate = p.estimate || (!own.empty() && shortest < c.info.update.base());
      if (total > 0) {
        double spacing = 0;
        for (const auto& s : own) spacing = std::max({spacing, rises[i].spacing(s.from), rises[i].spacing(s.to)});
        p.estimate = p.estimate || (!own.empty() && shortest < spacing);
      }
    }
    if (p.estimate) p.energy.raw().worsen(Method::modelled);
    out.phases.push_back(std::move(p));
  };
  for (const auto& p : line.phases) add(p.name, p.times, p.own, p.open);
  add("", line.outside.size(), line.outside, line.outside);
  out.phases.back().estimate = false;

  if (!line.unclosed.empty()) {
    std::string names;
    for (std::size_t i = 0; i < std::min<std::size_t>(line.unclosed.size(), 5); ++i)
      names += (i ? ", " : "") + line.unclosed[i];
    out.warnings.push_back(fmt::format("phases that were not ended last until the command's end: {}{}", names,
                                       line.unclosed.size() > 5 ? " and others" : ""));
  }
  if (line.unmatched > 0)
    out.warnings.push_back(fmt::format("{} ends of phases that had not begun are left out", line.unmatched));
  if (line.left_out > 0)
    out.warnings.push_back(fmt::format("{} phases are left out: at most {} names, and {} open at once", line.left_out,
                                       most_phase_names, most_phases_open));
  return out;
}

Table phases_table(const PhaseReport& report) {
  Table t("run.phases.v1");
  t.title = "Phases";
  t.text("phase").integer("times").number("time", "s", "its own: of those that lie in it not");
  t.number("energy", "J").number("low", "J").number("high", "J").number("mean", "W").number("cpu", "s");
  t.number("share", "%", "of the run's energy");
  t.text("method", "measured, modelled, or estimate: shorter than the steps of the readings");
  if (report.overlap) t.number("open", "s", "with the phases in it").number("all", "J", "with the phases in it");
  double total = 0;
  for (const auto& p : report.phases) total += p.energy.value().base();
  for (const auto& p : report.phases) {
    const bool outside = p.name.empty();
    if (outside && p.own <= Duration(0) && report.any()) continue;
    const double joules = p.energy.value().base();
    std::vector<Table::Cell> row = {outside ? std::string("(outside)") : p.name,
                                    outside ? Table::Cell() : Table::Cell(static_cast<std::int64_t>(p.times)),
                                    p.own.base(),
                                    joules,
                                    p.energy.low().base(),
                                    p.energy.high().base(),
                                    p.own > Duration(0) ? joules / p.own.base() : std::nan(""),
                                    p.cpu.base(),
                                    total != 0 ? joules / total * 100 : std::nan(""),
                                    p.estimate ? std::string("estimate") : std::string(to_string(p.energy.method()))};
    if (report.overlap) {
      row.emplace_back(p.open.base());
      row.emplace_back(p.open_energy.base());
    }
    t.add_row(std::move(row));
  }
  if (report.overlap)
    t.caption = "energy and time are each phase's own, without the phases begun inside it, and add up to the run's";
  return t;
}

std::string phases_label(const PhaseReport& report) {
  double total = 0;
  for (const auto& p : report.phases) total += p.energy.value().base();
  std::vector<std::pair<double, std::string>> shares;
  for (const auto& p : report.phases)
    if (p.own > Duration(0))
      shares.emplace_back(total != 0 ? p.energy.value().base() / total : 0, p.name.empty() ? "outside" : p.name);
  std::stable_sort(shares.begin(), shares.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::string out;
  for (std::size_t i = 0; i < std::min<std::size_t>(shares.size(), 12); ++i)
    out += fmt::format("{}{} {:.3g} %", i ? ", " : "", shares[i].second, shares[i].first * 100);
  if (shares.size() > 12) out += ", ...";
  return out;
}

}  // namespace wattline::meter
