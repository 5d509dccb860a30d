#include "meter/monitor/processes.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <numeric>
#include <thread>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/units.h"
#include "meter/host.h"
#include "meter/monitor/monitor.h"

namespace wattline::meter {
namespace {

struct ProcessesOptions {
  Duration watch{2}, interval{0.2};
  Level level = Level::process;
  std::int64_t top = 15;
  bool by_name = false;
  Sharing sharing = Sharing::cpu_time;
  IdlePolicy idle = IdlePolicy::nobody;
};

// Who ended is named as well, a few hundred bytes each: a build starts tens of thousands.
constexpr std::size_t most_ended = 100'000;

double total(const std::array<double, domain_count>& joules) {
  return std::accumulate(joules.begin(), joules.end(), 0.0);
}

struct Row {
  std::string name, detail;
  int pid = 0;
  double seconds = 0, joules = 0;
  std::size_t of = 1;  // consumers in it
};

// Container ids and uids are known by their beginning.
std::string short_name(const Consumer& c) {
  const bool id = (c.level == Level::container && c.name.size() == 64) || (c.level == Level::pod && c.name.size() > 30);
  return id ? c.name.substr(0, 12) : c.name;
}

std::vector<Row> rows_of(const Snapshot& s, Level level, bool by_name) {
  std::vector<Row> out;
  std::map<std::string, std::size_t> seen;
  for (const auto& c : s.consumers) {
    if (c.level != level || (c.cpu_seconds <= 0 && total(c.joules) <= 0)) continue;
    Row r{short_name(c),   c.detail.size() == 64 ? c.detail.substr(0, 12) : c.detail,
          c.pid,           c.cpu_seconds,
          total(c.joules), 1};
    const auto [it, is_new] = seen.try_emplace(r.name, out.size());
    if (is_new || !by_name) {
      out.push_back(std::move(r));
      continue;
    }
    Row& sum = out[it->second];
    sum.seconds += r.seconds;
    sum.joules += r.joules;
    sum.pid = 0;
    ++sum.of;
  }
  std::stable_sort(out.begin(), out.end(), [](const Row& a, const Row& b) { return a.joules > b.joules; });
  return out;
}

Table domains_table(const Snapshot& s) {
  Table t;
  t.title = "By domain";
  t.text("domain").number("energy", "J").number("idle", "J").number("work", "J", "shared out").number("nobody", "J");
  t.number("spread", "%", "95 % of a consumer's share, either way, the domain's own left out");
  t.text("shared_by").text("method");
  for (const auto& d : s.domains) {
    const double energy = d.energy.value().base(), idle = d.idle.value().base();
    t.add_row({std::string(to_string(d.domain)), energy, idle, energy - idle - d.unattributed, d.unattributed,
               d.how.empty() ? std::nan("") : d.spread * 100, d.how.empty() ? std::string("not shared out") : d.how,
               std::string(to_string(d.energy.method()))});
  }
  return t;
}

Result processes(const ProcessesOptions& o, Context& context) {
  const auto& catalog = context.get<catalog::Catalog>();
  MonitorSettings settings;
  settings.roots = Roots::from_environment();
  settings.interval = std::min(o.interval, o.watch);
  settings.idle = o.idle;
  settings.sharing = o.sharing;
  settings.most_ended = most_ended;
  Monitor monitor(settings, catalog);
  monitor.tick();
  const auto ticks = std::max(1L, std::lround(o.watch.base() / settings.interval.base()));
  const auto begin = std::chrono::steady_clock::now();
  for (long i = 1; i <= ticks; ++i) {
    context.check_cancelled();
    const double at = o.watch.base() * static_cast<double>(i) / static_cast<double>(ticks);
    std::this_thread::sleep_until(
        begin + std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::chrono::duration<double>(at)));
    monitor.tick();
    context.progress(static_cast<double>(i) / static_cast<double>(ticks), "watching");
  }
  const Snapshot s = monitor.snapshot();

  Result out;
  out.title = fmt::format("Whose joules they are, by {}", o.level == Level::job ? "batch job" : to_string(o.level));
  Estimate<Energy> energy;
  bool first = true;
  for (const auto& d : s.domains) {
    energy = first ? d.energy : energy + d.energy;
    first = false;
  }
  if (!first && s.covered > Duration(0)) {
    out.estimate("energy", "Energy", energy);
    out.estimate("power", "Mean power", Estimate<Power>(RawEstimate::scaled(energy.raw(), 1 / s.covered.base())));
  }
  Table consumers = consumers_table(s, o.level, static_cast<std::size_t>(o.top), o.by_name);
  if (o.level != Level::process && rows_of(s, o.level, false).empty())
    out.warn(fmt::format("nothing on this level did any work: no process belongs to a {}",
                         o.level == Level::job ? "batch job" : to_string(o.level)));
  out.add(std::move(consumers));
  out.add(domains_table(s));
  if (s.missing > Duration(0))
    out.warn(fmt::format("{} of {} are not covered (asleep, or nothing could be read); nothing is put in their place",
                         to_string(s.missing), to_string(s.missing + s.covered)));
  for (const auto& c : s.components)
    if (!c.trouble.empty()) out.warn(fmt::format("{}: {}", c.info.component, c.trouble));
  for (const auto& w : s.warnings) out.warn(w);
  const HostModel host(read_host(settings.roots), catalog);
  for (const auto& c : s.components) {
    if (c.info.family == "model")
      for (const auto& f : host.factors()) out.use(f);
    if (!c.info.gain.empty()) out.use(catalog.factor(c.info.gain).use());
  }
  out.use(catalog.factor("meter.attribution.cpu_time").use());
  return out;
}

}  // namespace

Table consumers_table(const Snapshot& s, Level level, std::size_t most, bool by_name) {
  Table t("meter.consumers.v1");
  t.title = "Consumers";
  const bool process = level == Level::process || level == Level::gpu_process;
  t.text("name").integer("pid", "", "of a single process").number("cpu_time", "s").number("energy", "J");
  t.number("power", "W", "mean").number("share", "%", "of the total");
  t.text(process ? "in" : "part_of", process ? "container" : "pod of a container");
  const std::vector<Row> rows = rows_of(s, level, by_name);
  double all = 0, idle = 0, nobody = 0;
  const bool of_gpus = level == Level::gpu_process || level == Level::gpu_slice;
  for (const auto& d : s.domains) {
    if (of_gpus && d.domain != Domain::gpu) continue;  // nobody on this level uses another
    all += d.energy.value().base();
    idle += d.idle.value().base();
    nobody += d.unattributed;
  }
  const double covered = s.covered.base();
  const auto add = [&](const std::string& name, int pid, double seconds, double joules, const std::string& detail) {
    t.add_row({name, pid > 0 ? std::int64_t{pid} : missing_integer, seconds, joules,
               covered > 0 ? joules / covered : std::nan(""), all > 0 ? joules / all * 100 : std::nan(""), detail});
  };
  Row rest;
  rest.of = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Row& r = rows[i];
    if (i < most) {
      add(r.of > 1 ? fmt::format("{} ({})", r.name, r.of) : r.name, r.pid, r.seconds, r.joules, r.detail);
      continue;
    }
    rest.seconds += r.seconds;
    rest.joules += r.joules;
    rest.of += r.of;
  }
  double named = rest.joules;
  for (std::size_t i = 0; i < std::min(most, rows.size()); ++i) named += rows[i].joules;
  // Nobody is on this level: all work was done outside of it.
  const double outside = all - idle - nobody - named;
  if (outside > 1e-9 * all) add("outside", 0, std::nan(""), outside, {});
  if (rest.of > 0) add(fmt::format("{} others", rest.of), 0, rest.seconds, rest.joules, {});
  const double nan = std::nan("");
  add("(nobody's)", 0, nan, nobody, {});
  add("(idle)", 0, nan, idle, {});
  add("(total)", 0, nan, all, {});
  t.caption = "The rows add up to the total.";
  return t;
}

Capability processes_capability() {
  static const auto fields =
      Fields<ProcessesOptions>()
          .quantity("watch", &ProcessesOptions::watch, "s", "how long to watch")
          .range(0.05, 86400)
          .quantity("interval", &ProcessesOptions::interval, "s", "time between two looks")
          .range(0.01, 60)
          .enumeration("level", &ProcessesOptions::level,
                       {"process", "container", "pod", "user", "job", "gpu_process", "gpu_slice", "service"},
                       "whose joules: of processes, containers, Kubernetes pods, users, Slurm jobs, processes on GPUs, "
                       "slices of GPUs (MIG) or services of systemd")
          .integer("top", &ProcessesOptions::top, "rows to show by name")
          .range(1, 10000)
          .enumeration("sharing", &ProcessesOptions::sharing, {"cpu_time", "cycles", "regression"},
                       "by what the processor's and memory's joules are shared out: CPU time, cycles (where the "
                       "processor's events may be counted), or a fit of the counter's power to both and cache misses")
          .enumeration("idle", &ProcessesOptions::idle, {"nobody", "by_share", "by_reservation"},
                       "who bears what the processor draws without work: nobody, whoever works, or containers and jobs "
                       "by their limit of CPU time")
          .flag("by-name", &ProcessesOptions::by_name, "processes of one name together");
  Capability c = capability<ProcessesOptions>("meter", "processes", "Whose joules they are: processes to batch jobs.",
                                              processes, fields);
  c.description =
      "Watches the machine for a while and shares its energy out. What the machine draws without work is idle; the "
      "rest "
      "of the processor's and the memory's energy goes to processes by their share of CPU time, and what none of them "
      "explains is nobody's. The rows add up to the total, on every level. Processes that come and go between two "
      "looks "
      "are seen where the kernel tells of ends (root, CAP_NET_ADMIN). Where the processor has no counter that can be "
      "read its energy is modelled from the machine's load, and the result says so.";
  c.verb = Verb::observe;
  c.cost = Cost::job;
  c.doors = Doors::command_line;
  c.emits = {"meter.consumers.v1"};
  c.examples = {{{"--watch", "0.1 s"}, {}, "(total)"}, {{"--watch", "0.1 s", "--level", "user"}, {}, "(idle)"}};
  return c;
}

}  // namespace wattline::meter
