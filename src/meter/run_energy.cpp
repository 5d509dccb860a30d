#include "meter/run_energy.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <map>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

#include "kernel/units.h"
#include "meter/gap_fill.h"
#include "meter/model.h"
#include "meter/phases/phase_reader.h"
#include "meter/proc_files.h"
#include "meter/process.h"
#include "meter/run_nesting.h"

namespace wattline::meter {
namespace {

constexpr const char* not_read = "it was not read";

// CPU seconds of our descendants so far, as a counter: gives the modelled power its shape over time.
class TreeTime : public Source {
 public:
  TreeTime() {
    info_.component = "cpu";
    info_.family = "model";
    info_.where = "/proc";
    info_.domain = Domain::cpu;
    info_.most = Power(1e9);
    info_.update = Duration(1.0 / static_cast<double>(::sysconf(_SC_CLK_TCK)));
  }
  const SourceInfo& info() const override { return info_; }
  std::optional<double> read() override {
    const auto all = cpu_time_of_process_tree(::getpid());
    if (!all) return std::nullopt;
    timespec own{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
    const double seconds = all->base() - static_cast<double>(own.tv_sec) - static_cast<double>(own.tv_nsec) * 1e-9;
    // Ours is finer than the kernel's ticks.
    return highest_ = std::max(highest_, seconds);
  }

 private:
  SourceInfo info_;
  double highest_ = 0;
};

std::optional<CpuTicks> machine_ticks(const Roots& roots) {
  const auto text = read_small_file(roots.proc / "stat", 4096);
  return text ? parse_cpu_ticks(*text) : std::nullopt;
}

bool covers(const std::vector<ComponentEnergy>& components, Domain domain) {
  return std::any_of(components.begin(), components.end(), [&](const ComponentEnergy& c) {
    return c.info.counted && c.info.domain == domain && c.covered > Duration(0);
  });
}

void add_factors(RunEnergy& out, const std::vector<FactorUse>& factors) {
  for (const auto& f : factors)
    if (std::none_of(out.factors.begin(), out.factors.end(), [&](const FactorUse& g) { return g.id == f.id; }))
      out.factors.push_back(f);
}

// Powers that add up to the energy: the shape that was seen, or the mean where there was none.
void whole_series(ComponentEnergy& c, const Estimate<Energy>& energy, const Recording& recording) {
  double sum = 0;
  for (std::size_t i = 1; i < c.power.size(); ++i)
    if (std::isfinite(c.power.values[i])) sum += c.power.values[i] * (c.power.times[i] - c.power.times[i - 1]).base();
  if (sum > 0) {
    for (double& watts : c.power.values) watts *= energy.value().base() / sum;
  } else if (recording.end > recording.begin) {
    c.power = {};
    c.power.add(recording.begin, std::nan(""));
    c.power.add(recording.end, (energy.value() / (recording.end - recording.begin)).base());
  }
  c.power.name = c.info.component;
  c.power.unit = std::string(1, 'W');
}

// The processor's share is the model's; the shape over time is that of the CPU time seen.
ComponentEnergy modelled_cpu(const SourceRecord* tree, const Recording& recording, const Estimate<Energy>& energy,
                             Duration cpu_time, Duration length, const catalog::Catalog& catalog) {
  ComponentEnergy c;
  if (tree) c = component_energy(*tree, recording.begin, recording.end, catalog);
  const double joules_per_second = cpu_time > Duration(0) ? energy.value().base() / cpu_time.base() : 0;
  // Steps of the kernel's clock make short spans jump.
  if (c.peak && length >= Duration(1)) c.peak = Power(c.peak->base() * joules_per_second);
  else c.peak.reset();
  c.info.component = "cpu";
  c.info.family = "model";
  c.info.where = "CPU time";
  c.info.domain = Domain::cpu;
  whole_series(c, energy, recording);
  c.energy = energy;
  if (length > Duration(0)) c.mean = energy.value() / length;
  if (c.peak && c.mean) c.peak = std::max(*c.peak, *c.mean);
  c.covered = length;
  c.missing = Duration(0);
  c.warnings.clear();
  return c;
}

ComponentEnergy modelled_memory(const Estimate<Energy>& energy, const Recording& recording, Duration length) {
  ComponentEnergy c;
  c.info.component = "memory";
  c.info.family = "model";
  c.info.where = "largest resident set";
  c.info.domain = Domain::memory;
  whole_series(c, energy, recording);
  c.energy = energy;
  c.covered = length;
  if (length > Duration(0)) c.mean = c.peak = energy.value() / length;
  return c;
}

// Mean power of each component of the machine left alone.
std::vector<ComponentEnergy> measure_idle(const Roots& roots, Duration span, const catalog::Catalog& catalog) {
  Recorder recorder(find_sources(roots).sources, Duration(0.1));
  recorder.start();
  std::this_thread::sleep_for(std::chrono::duration<double>(span.base()));
  const Recording r = recorder.stop();
  std::vector<ComponentEnergy> out;
  for (const auto& record : r.records) out.push_back(component_energy(record, r.begin, r.end, catalog));
  return out;
}

void subtract_idle(ComponentEnergy& c, const std::vector<ComponentEnergy>& idle) {
  for (const auto& i : idle) {
    if (i.info.component != c.info.component || i.covered <= Duration(0)) continue;
    const double times = (c.covered + c.filled).in(i.covered);
    c.warnings.push_back(fmt::format("{}: {} of idle power, measured before, are subtracted from {}", c.info.component,
                                     to_string(i.energy.value() / i.covered), to_string(c.energy.value())));
    c.energy = c.energy - i.energy * times;
    c.read = c.read - i.energy * c.covered.in(i.covered);
    c.filled_in = c.filled_in - i.energy * c.filled.in(i.covered);
    if (c.mean) c.mean = c.energy.value() / (c.covered + c.filled);
  }
}

// Phases closer together than this share a reading.
constexpr Duration between_readings{0.005};

void add_phases(RunEnergy& out, const PhaseMarks& marks, const std::map<std::string, Energy>& idle, const Series& cpu,
                Duration cpu_time, Time begin, Time end) {
  if (marks.garbage > 0)
    out.warnings.push_back(fmt::format("{} lines that mark no phase came through WATTLINE_PHASE_FD, the first: '{}'",
                                       marks.garbage, marks.first_garbage));
  if (marks.events.empty()) return;
  std::vector<PhasedComponent> counted;
  for (const auto& c : out.components) {
    const auto subtracted = idle.find(c.info.component);
    if (c.info.counted) counted.push_back({&c, subtracted == idle.end() ? Energy(0) : subtracted->second});
  }
  out.phases = phase_energies(phase_timeline(marks.events, begin, end), counted, cpu, cpu_time, begin, end);
  for (const auto& w : out.phases.warnings) out.warnings.push_back(w);
  if (marks.dropped > 0)
    out.warnings.push_back(fmt::format("{} marks of phases came after the first {} and are left out", marks.dropped,
                                       PhaseReader::most_marks));
  if (marks.mistimed > 0)
    out.warnings.push_back(fmt::format(
        "{} marks of phases bear a time that is not in the run: the time they came was taken", marks.mistimed));
}

Series without_gaps(const Series& s) {
  Series out;
  for (std::size_t i = 0; i < s.size(); ++i)
    if (std::isfinite(s.values[i])) out.add(s.times[i], s.values[i]);
  return out;
}

void sum_up(RunEnergy& out) {
  bool peaks = true;
  Power peak{0};
  MixedSum sum;
  for (const auto& c : out.components) {
    add_factors(out, c.factors);
    // Of what is shown beside the sum, what is wrong with it matters where somebody named it.
    const bool unread = c.covered <= Duration(0) && (c.samples == 0 || c.info.not_counted_because == not_read);
    const bool gap = unread || (c.info.family == "meter" && c.missing > (c.covered + c.missing) * 0.01);
    if (c.info.counted || gap)
      for (const auto& w : c.warnings) out.warnings.push_back(w);
    if (!c.info.counted) continue;
    sum.add(c);
    out.missing = std::max(out.missing, c.missing);
    if (const Duration known = c.covered + c.filled; known > Duration(0)) {
      const Estimate<Power> mean(RawEstimate::scaled(c.energy.raw(), 1 / known.base()));
      out.mean = out.mean ? *out.mean + mean : mean;
    }
    peaks = peaks && c.peak.has_value();
    if (c.peak) peak += *c.peak;
  }
  out.total = sum.energy();
  out.modelled_share = sum.modelled_share();
  // The same joules over other times: as good as their sum.
  if (out.mean && out.mean->method() != out.total.method()) {
    RawEstimate mean(out.mean->value().base(), out.mean->sd().base(), out.total.method(), "meter run");
    if (out.mean->raw().can_be_negative()) mean.set_signed();
    out.mean = Estimate<Power>(mean);
  }
  if (peaks && out.mean) out.peak = peak;
}

}  // namespace

RunEnergy run_metered(const std::vector<std::string>& command, const RunSettings& settings,
                      const catalog::Catalog& catalog) {
  RunEnergy out;
  const HostModel host(read_host(settings.roots), catalog);
  out.device = host.device();
  std::vector<ComponentEnergy> idle;
  Found found;
  if (settings.any_sources) {
    if (settings.idle_before) idle = measure_idle(settings.roots, *settings.idle_before, catalog);
    found = find_sources(settings.roots);
  }
  const bool cpu_counter = std::any_of(found.sources.begin(), found.sources.end(), [](const auto& s) {
    return s->info().counted && s->info().domain == Domain::cpu;
  });
  // One that does not answer yet may not do so at all: the model stands in then.
  const bool cpu_awaited = std::any_of(found.sources.begin(), found.sources.end(), [](const auto& s) {
    return s->info().counted && s->info().domain == Domain::cpu && s->awaited();
  });
  if (!cpu_counter || cpu_awaited) found.sources.push_back(std::make_unique<TreeTime>());
  const Duration interval = settings.interval.value_or(Duration(cpu_counter ? 0.1 : 1.0));

  Recorder recorder(std::move(found.sources), interval);
  // Where the processor is modelled, a counter that came late would take its place for a part of the time only.
  if (cpu_counter) recorder.keep_looking(settings.roots);
  const auto ticks_before = machine_ticks(settings.roots);
  TreeTime tree_time;
  Series cpu_seconds;  // where the recording has none
  const auto read_cpu = [&] {
    const Time now = recorder.now();
    if (!cpu_counter || (cpu_seconds.size() && now - cpu_seconds.times.back() < between_readings)) return;
    if (const auto seconds = tree_time.read()) cpu_seconds.add(now, *seconds);
  };
  PhaseReader phases;  // its thread calls read_cpu, and ends with it
  ChildSetup setup;
  setup.environment = phases.environment();
  if (settings.recorded) setup.environment.push_back(mark_of_this_run());
  setup.inherited = phases.descriptor();
  if (settings.phase_signal) setup.next_phase = phases.descriptor();
  recorder.start();
  read_cpu();
  phases.start([&] { return recorder.now(); },
               [&] {
                 recorder.sample_now(between_readings);
                 read_cpu();
               });
  out.outcome = run_child(command, setup);
  const PhaseMarks marks = phases.stop();
  read_cpu();
  const Recording recording = recorder.stop();
  const auto ticks_after = machine_ticks(settings.roots);

  const Duration cpu_time = out.outcome.user + out.outcome.system;
  const ModelledEnergy model = modelled_energy(host, catalog, cpu_time, out.outcome.length, out.outcome.most_memory);
  const SourceRecord* tree = nullptr;
  std::map<std::string, Energy> idle_energy;  // subtracted, by component
  Power processors{0};
  for (const auto& record : recording.records) {
    if (record.info.family == "model") {
      tree = &record;
      continue;
    }
    out.components.push_back(component_energy(record, recording.begin, recording.end, catalog, Gaps::filled_in));
    if (record.info.counted && record.info.domain == Domain::cpu && out.components.back().mean)
      processors += *out.components.back().mean;
    const Energy before = out.components.back().energy.value();
    subtract_idle(out.components.back(), idle);
    idle_energy[record.info.component] = before - out.components.back().energy.value();
    if (ComponentEnergy& c = out.components.back(); c.info.counted && c.covered <= Duration(0)) {
      c.info.counted = false;
      c.info.not_counted_because = not_read;
    }
  }
  std::stable_sort(out.components.begin(), out.components.end(),
                   [](const auto& a, const auto& b) { return a.info.counted > b.info.counted; });
  if (recording.clock_step > Duration(1) || recording.clock_step < Duration(-1))
    out.warnings.push_back(fmt::format("the machine's clock was set by {} meanwhile: instants go on from the start",
                                       to_string(recording.clock_step, 3)));
  out.cpu_measured = covers(out.components, Domain::cpu);
  std::optional<double> busy;  // s of CPU time of the whole machine
  if (ticks_before && ticks_after && ticks_after->busy >= ticks_before->busy)
    busy = static_cast<double>(ticks_after->busy - ticks_before->busy) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  if (const Duration span = recording.end - recording.begin; out.cpu_measured && span > Duration(0)) {
    Duration covered{0};  // that the processors' power is of
    for (const auto& c : out.components)
      if (c.info.counted && c.info.domain == Domain::cpu) covered = std::max(covered, c.covered);
    const auto load = busy ? std::optional(std::min(1.0, *busy / (span.base() * host.host().threads))) : std::nullopt;
    if (const auto doubt = host.doubt(processors, covered, load)) out.warnings.push_back(*doubt);
  }
  if (!out.cpu_measured) {
    out.components.insert(out.components.begin(),
                          modelled_cpu(tree, recording, model.cpu, cpu_time, out.outcome.length, catalog));
    add_factors(out, host.factors());
  }
  if (!covers(out.components, Domain::memory)) {
    out.components.push_back(modelled_memory(model.memory, recording, out.outcome.length));
    add_factors(out, {model.factors.back()});
  }

  if (busy && *busy > 0.1) out.share_of_busy = std::min(1.0, cpu_time.base() / *busy);
  if (out.cpu_measured && out.share_of_busy && *out.share_of_busy < 0.8)
    out.warnings.push_back(
        fmt::format("the command used {:.0f} % of the machine's busy CPU time: the rest of what the "
                    "counters saw is other programs'",
                    *out.share_of_busy * 100));
  if (settings.idle_before && !settings.any_sources)
    out.warnings.push_back("nothing is measured, so no idle power is subtracted");
  sum_up(out);
  add_phases(out, marks, idle_energy, cpu_counter || !tree ? cpu_seconds : without_gaps(tree->readings), cpu_time,
             recording.begin, recording.end);
  return out;
}

}  // namespace wattline::meter
