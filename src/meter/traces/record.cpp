#include "meter/traces/record.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <thread>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/time.h"
#include "kernel/units.h"
#include "meter/host.h"
#include "meter/proc_files.h"
#include "meter/recorder.h"
#include "meter/traces/growing_trace.h"

namespace wattline::meter {
namespace {

constexpr std::int64_t between_writes = 2'000'000'000;  // ns

// Share of the CPU time that was busy since the last look; as power where nothing measures it.
class LoadOfMachine : public Source {
 public:
  LoadOfMachine(Roots roots, std::shared_ptr<const HostModel> model)
      : roots_(std::move(roots)), model_(std::move(model)) {
    info_.component = model_ ? "cpu" : "load";
    info_.family = "model";
    info_.where = "/proc/stat";
    info_.domain = Domain::cpu;
    // A load is of the time since the reading before: as joules that add up it is of that time, and not of the next.
    info_.kind = model_ ? SourceKind::energy : SourceKind::power;
    info_.modelled = true;
  }
  const SourceInfo& info() const override { return info_; }
  std::optional<double> read() override {
    const auto text = read_small_file(roots_.proc / "stat", 4096);
    const auto now = text ? parse_cpu_ticks(*text) : std::nullopt;
    if (!now) return std::nullopt;
    if (last_ && now->busy >= last_->busy && now->idle >= last_->idle) {
      const double busy = static_cast<double>(now->busy - last_->busy),
                   idle = static_cast<double>(now->idle - last_->idle);
      if (busy + idle > 0) load_ = busy / (busy + idle);
    }
    last_ = now;
    if (!model_) return load_;
    if (!load_ && last_ns_ != 0) return std::nullopt;
    const std::int64_t ns = monotonic_ns();
    if (load_ && last_ns_ != 0)
      joules_ += model_->at(*load_).value().base() * static_cast<double>(ns - last_ns_) * 1e-9;
    last_ns_ = ns;
    return joules_;
  }

 private:
  SourceInfo info_;
  const Roots roots_;
  const std::shared_ptr<const HostModel> model_;
  std::optional<CpuTicks> last_;
  std::optional<double> load_;
  double joules_ = 0;
  std::int64_t last_ns_ = 0;
};

struct RecordOptions {
  std::string output;
  Duration length{10};
  Duration interval{0.5};
};

// A terminal that goes ends the recording as Ctrl-C does, unless nohup said otherwise.
class HangUp {
 public:
  HangUp() {
    came_ = 0;
    ::sigaction(SIGHUP, nullptr, &old_);
    if (old_.sa_handler == SIG_IGN) return;
    struct sigaction action {};
    action.sa_handler = [](int) { came_ = 1; };
    ::sigemptyset(&action.sa_mask);
    ::sigaction(SIGHUP, &action, nullptr);
  }
  ~HangUp() { ::sigaction(SIGHUP, &old_, nullptr); }
  HangUp(const HangUp&) = delete;
  HangUp& operator=(const HangUp&) = delete;
  bool came() const { return came_ != 0; }

 private:
  static volatile std::sig_atomic_t came_;
  struct sigaction old_ {};
};
volatile std::sig_atomic_t HangUp::came_ = 0;

Result record_trace(const RecordOptions& o, Context& context) {
  const auto& catalog = context.get<catalog::Catalog>();
  const Roots roots = Roots::from_environment();
  const auto model = std::make_shared<const HostModel>(read_host(roots), catalog);
  Found found = find_sources(roots);
  const bool none = std::all_of(found.sources.begin(), found.sources.end(), [](const auto& s) { return s->awaited(); });
  if (none) found.sources.push_back(std::make_unique<LoadOfMachine>(roots, model));
  // Read before the powers of the same instant, which it stands beside.
  found.sources.insert(found.sources.begin(), std::make_unique<LoadOfMachine>(roots, nullptr));
  // A mistyped folder must not cost the time of the recording.
  const std::filesystem::path path(o.output), folder = path.has_parent_path() ? path.parent_path() : ".";
  std::error_code unknown;
  if (o.output.empty() || std::filesystem::is_directory(path, unknown) ||
      !std::filesystem::is_directory(folder, unknown))
    throw bad_input(
        fmt::format("'{}' cannot be written: {}", o.output,
                    std::filesystem::is_directory(path, unknown) ? "it is a folder" : "there is no such folder"),
        "--output");

  GrowingTrace file(o.output, catalog);
  const HangUp hang_up;
  Recorder recorder(std::move(found.sources), o.interval);
  recorder.start();
  const std::int64_t begin = monotonic_ns(), until = begin + static_cast<std::int64_t>(o.length.base() * 1e9);
  for (std::int64_t grown = begin; monotonic_ns() < until && !context.stop.stop_requested() && !hang_up.came();) {
    std::this_thread::sleep_for(
        std::chrono::nanoseconds(std::clamp<std::int64_t>(until - monotonic_ns(), 1'000'000, 50'000'000)));
    if (monotonic_ns() - grown < between_writes) continue;
    file.grow(recorder.so_far());
    grown = monotonic_ns();
  }
  const Recording recording = recorder.stop();
  Result out;
  out.title = fmt::format("Recorded into {}", o.output);
  Series load;
  const std::vector<ComponentEnergy> components = components_of(recording, catalog, load);
  Table table("record.components.v1");
  table.title = "Components";
  table.text("component").number("energy", "J").number("mean", "W").text("method").text("source");
  bool modelled = false, unseen = true;
  for (const auto& c : components) {
    if (c.info.family == "model") modelled = true;
    const bool seen = c.covered > Duration(0);
    unseen = unseen && !seen;
    table.add_row({c.info.component, seen ? c.energy.value().base() : std::nan(""),
                   c.mean ? c.mean->base() : std::nan(""),
                   seen ? std::string(to_string(c.energy.method())) : "not read", c.info.family + ", " + c.info.where});
    // A part of another that does not move, as graphics that are not used, is nothing to warn of.
    if (c.info.family != "model" &&
        (c.info.counted || c.covered > Duration(0) || c.samples == 0))  // whose first step there is nothing before
      for (const auto& w : c.warnings) out.warn(w);
    // Cores counted twice show in the sum of packages.
    if (c.info.counted && c.info.domain == Domain::cpu && c.mean && c.info.family != "model")
      if (const auto why = model->doubt(*c.mean, c.covered)) out.warn(c.info.component + ": " + *why);
  }
  if (unseen) out.warn("no power was read in this time: the file holds gaps, and no zeros");
  const Table series = power_series_table(components, &load);
  file.finish(series);
  out.add(std::move(table));
  const auto length =
      Estimate<Duration>::with_sd(recording.end - recording.begin, Duration(0), Method::measured, "clock");
  out.estimate("duration", "Duration", length);
  out.note(fmt::format("{} row{} of power.series.v1.", series.rows(), series.rows() == 1 ? "" : "s"));
  if (modelled) {
    for (const auto& f : model->factors()) out.use(f);
    std::string why = found.obstacles.empty() ? std::string("no counter is here") : found.obstacles.front().why;
    out.note(fmt::format("Nothing measures this machine ({}): the power is {}.", why, model->explanation()));
  }
  return out;
}

}  // namespace

Capability record_capability() {
  static const auto fields = Fields<RecordOptions>()
                                 .text("output", &RecordOptions::output, "the file to write (CSV, power.series.v1)")
                                 .required()
                                 .quantity("for", &RecordOptions::length, "s", "for how long; Ctrl-C ends it sooner")
                                 .range(0.1, 7 * 86400)
                                 .quantity("interval", &RecordOptions::interval, "s", "time between readings")
                                 .range(0.001, 10);
  Capability c =
      capability<RecordOptions>("meter", "record", "Records this machine's power into a file.", record_trace, fields);
  c.description =
      "Reads every source of power that this machine has, and the load of its processors, and writes them as "
      "power.series.v1: for "
      "`meter integrate`, for `meter align` beside an external meter, for `meter replay`, and for `meter fit`, which "
      "makes a "
      "curve of power by load out of it. The file grows every two seconds: what is killed leaves what was recorded, "
      "and a "
      "terminal that goes ends the recording as Ctrl-C does. Where nothing can be measured the modelled power of the "
      "processor is "
      "recorded, and "
      "every row says modelled.";
  c.verb = Verb::observe;
  c.doors = Doors::command_line;
  c.emits = {"power.series.v1"};
  c.examples = {{{"--for", "0.3 s", "--interval", "0.1 s", "--output", "power.csv"}, {}, "power.series.v1"}};
  return c;
}

}  // namespace wattline::meter
