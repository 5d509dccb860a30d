#include "ledger/training/report.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "kernel/error.h"
#include "kernel/units.h"
#include "kernel/write_whole.h"
#include "ledger/training/audit.h"
#include "ledger/training/export.h"
#include "ledger/training/project.h"
#include "ledger/training/trace.h"

namespace wattline::ledger::training {
namespace {

struct Measured {
  Trace trace;
  std::vector<TraceEnergy> each;
  TraceEnergy all;  // sums; mean and max of the sum of devices' means and maxima
  Time begin, end;
  double duration() const { return (end - begin).base(); }
};

Measured measure(const InputFile& file, double gap) {
  Measured m;
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
std::vector<double> pieces(const Measured& m, double gap, std::size_t parts, double share) {
  std::vector<double> out;
  const double length = m.duration() * share / static_cast<double>(parts);
  for (std::size_t i = 0; i < parts; ++i) {
    const Time a = m.begin + Duration(length * static_cast<double>(i)),
               b = m.begin + Duration(length * static_cast<double>(i + 1));
    double joules = 0;
    for (const auto& d : m.trace.devices) joules += integrate(d.power, gap, a, b).joules;
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

Table devices_table(const Measured& m) {
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

Figure power_figure(const Measured& m) {
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

Table projection_table(const Measured& m, double gap, double first) {
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
    const Projection p = project(pieces(m, gap, n, static_cast<double>(n) / 100), parts_of_a_trace);
    t.add_row({static_cast<double>(n), p.value / 3600, p.interval.low / 3600, p.interval.high / 3600,
               100 * (p.value / m.all.joules - 1)});
  }
  return t;
}

void add_comparison(Result& out, const Measured& a, const Measured& b) {
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
  const auto name = [](const Measured& m) { return m.trace.devices.front().name; };
  if (name(a) != name(b))
    out.warn(fmt::format("the runs are on different devices ({} and {}): what differs is not the power limit alone",
                         name(a), name(b)));
}

}  // namespace

Result training_report(const TrainingReportOptions& o, Context& context) {
  const auto& catalog = context.get<catalog::Catalog>();
  const double gap = o.gap.base();
  const Measured m = measure(o.trace, gap);
  const auto grid = catalog::resolve(o.place, catalog);

  Result out;
  const std::string name = o.run.name.empty() ? o.trace.name() : o.run.name;
  const auto& gain = catalog.factor("meter.nvml.gain");
  // The driver's power is off by its gain, the same for every sample.
  RawEstimate logged(m.all.joules, m.all.joules * gain.estimate().sd(), Method::measured, "power log");
  logged.attribute_to(gain.id);
  Estimate<Energy> gpu(logged);
  if (m.all.gap_joules > 0) {
    // What was held over gaps may be anything between nothing and twice as much.
    gpu =
        gpu + Estimate<Energy>::with_sd(Energy(0), Energy(m.all.gap_joules / 1.96), Method::modelled, "held over gaps");
  }
  Estimate<Energy> energy = gpu;
  std::optional<Estimate<Energy>> cpu;
  if (o.load.given()) {
    if (!o.cpu_tdp)
      throw bad_input("a log of load gives no energy by itself", "cpu-tdp",
                      "give the processor's design power: --cpu-tdp 105W");
    const LoadTrace load = read_load(o.load.read(), o.load.name());
    const TraceEnergy busy = integrate(load.load, gap);
    cpu = Estimate<Energy>::relative(*o.cpu_tdp * Duration(busy.joules), 0.5, Method::modelled, "load x design power");
    energy = energy + *cpu;
  }
  const char* unit = energy.value() < 1 * units::kWh ? "Wh" : "kWh";
  out.title =
      fmt::format("{}: {} {} over {}", name, format_number(energy.value().base() / (unit[0] == 'W' ? 3600 : 3.6e6)),
                  unit, to_string(Duration(m.duration())));
  out.estimate("energy", "Energy", energy, unit,
               cpu ? "devices and processor" : "of the devices in the log; nothing else");
  if (cpu) {
    out.estimate("gpu_energy", "of the devices", gpu, unit);
    out.estimate("cpu_energy", "of the processor", *cpu, unit, "load times design power, right to half");
  }
  const auto carbon = grid.carbon(energy);
  const auto water = grid.water(energy);
  out.estimate("carbon", "Carbon", carbon, {}, "energy x PUE x intensity");
  out.estimate("water", "Water", water);
  if (o.price.base() > 0) {
    const auto cost = energy * grid.pue * Estimate<EnergyPrice>::exact(o.price);
    out.estimate("cost", "Cost", cost);
  }
  if (o.run.epochs > 0) {
    const double n = static_cast<double>(o.run.epochs);
    out.estimate("energy_per_epoch", "Energy per epoch", energy * (1 / n), unit);
    out.estimate("carbon_per_epoch", "Carbon per epoch", carbon * (1 / n));
  }
  if (o.run.planned_epochs > 0) {
    if (o.run.epochs <= 0)
      throw bad_input("without the epochs of this log nothing can be said of others", "epochs", "give --epochs");
    const Projection p =
        project(pieces(m, gap, static_cast<std::size_t>(std::min<std::int64_t>(o.run.epochs, 10'000)), 1),
                static_cast<double>(o.run.planned_epochs));
    if (std::isfinite(p.interval.low)) {
      const Estimate<Energy> planned =
          Estimate<Energy>::within(Energy(p.value), Energy(p.interval.low), Energy(p.interval.high), Method::modelled,
                                   "mean per epoch x epochs");
      out.estimate("planned_energy", fmt::format("{} epochs", o.run.planned_epochs), planned, unit,
                   fmt::format("from {} epochs of equal length; a run that changes its pace is not foretold", p.seen));
      out.estimate("planned_carbon", "of them", grid.carbon(planned));
    } else {
      out.note(fmt::format("{} epochs would take {}, with no interval from a single epoch.", o.run.planned_epochs,
                           to_string(Energy(p.value))));
    }
  }
  if (o.run.quality && *o.run.quality > 0)
    out.note(fmt::format("{} {}: {} for each point of a hundred.", o.run.quality_name, format_number(*o.run.quality),
                         to_string(energy.value() / (100 * *o.run.quality))));
  out.add(devices_table(m));
  out.add(power_figure(m));
  if (m.all.samples >= 50) out.add(projection_table(m, gap, o.first));
  if (o.baseline.given()) add_comparison(out, m, measure(o.baseline, gap));

  AuditFacts facts;
  facts.joules = m.all.joules;
  facts.seconds = m.duration();
  facts.sum_watts = m.all.sum_watts;
  facts.samples = static_cast<double>(m.all.samples) / static_cast<double>(m.each.size());
  facts.mean_watts = m.all.mean_watts;
  facts.max_watts = m.all.max_watts;
  facts.devices = static_cast<double>(m.each.size());
  double limit = 0, idle = 0;
  bool limits = true, idles = true;
  for (const auto& d : m.trace.devices) {
    const auto* known = catalog.find_device(d.name);
    if (d.limit) limit += *d.limit;
    else if (known && known->board_power > Power(0)) limit += known->board_power.base();
    else limits = false;
    if (known && known->idle_power) idle += known->idle_power->base();
    else idles = false;
    if (d.hottest) facts.hottest = std::max(facts.hottest.value_or(*d.hottest), *d.hottest);
  }
  if (limits) facts.limit_watts = limit;
  if (idles) facts.idle_watts = idle;
  if (o.claimed.energy) facts.claimed_joules = o.claimed.energy->base();
  if (o.claimed.duration) facts.claimed_seconds = o.claimed.duration->base();
  if (o.claimed.carbon) facts.claimed_grams = o.claimed.carbon->base();
  facts.grams_per_kwh = grid.carbon_intensity.value().in(units::gCO2e_per_kWh);
  facts.pue = grid.pue.value().base();
  const auto checks = audit(facts);
  out.add(audit_table(checks));
  const AuditVerdict verdict = worst(checks);
  if (o.claimed.energy || o.claimed.carbon || o.claimed.duration)
    out.verdict = Verdict{verdict == AuditVerdict::fine,
                          verdict == AuditVerdict::fine ? "the claimed figures agree with the log"
                                                        : "the claimed figures do not agree with the log: see Audit"};
  else if (verdict != AuditVerdict::fine) out.warn("a check of the audit fails: see Audit");

  const auto& t = m.trace;
  out.note(
      fmt::format("Read as {}: {} rows, {} samples used; {} cut short, {} unreadable, {} twice, {} out of order were "
                  "dropped; {} gaps of {} held at the value before them.",
                  t.style, t.rows, m.all.samples, t.cut, t.unreadable, t.duplicates, t.backward, m.all.gaps,
                  to_string(Duration(m.all.gap_seconds))));
  if (!cpu) out.warn("the log is of the devices alone: processor, memory and the rest of the machine are not in it");
  if (m.all.gaps) out.warn(fmt::format("{} lie in gaps of the log", to_string(Energy(m.all.gap_joules))));
  out.use(gain.use());
  for (const auto& f : grid.factors) out.use(f);
  for (const auto& w : grid.warnings) out.warn(w);

  ExportedRun run;
  run.id = fmt::format("{}-{}", name, to_string(m.begin));
  run.name = name;
  run.model = o.run.model;
  run.task = o.run.task;
  run.place = grid.place;
  const auto* place = catalog.find_place(grid.place);
  if (place && grid.place != "WORLD") run.place_name = place->name;
  run.begin = m.begin;
  run.end = m.end;
  run.duration = m.duration();
  run.parameters = o.run.parameters;
  run.epochs = static_cast<double>(o.run.epochs);
  run.gpu_joules = m.all.joules;
  run.cpu_joules = cpu ? cpu->value().base() : 0;
  run.grams = carbon.value().base();
  run.litres = water.value().base();
  run.pue = grid.pue.value().base();
  run.wue = grid.wue.value().in(units::L_per_kWh);
  if (o.run.quality) run.quality = *o.run.quality;
  for (std::size_t i = 0; i < m.each.size(); ++i)
    run.devices.push_back({t.devices[i].name, m.each[i].joules, mean_load(t.devices[i])});
  if (!o.codecarbon.empty()) write_whole(o.codecarbon, codecarbon_csv(run));
  if (!o.boamps.empty()) write_whole(o.boamps, boamps_report(run).dump(2) + "\n");
  return out;
}

}  // namespace wattline::ledger::training
