// `wattline run`: a command as it would run without us, and what it cost.
#include "meter/run.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "catalog/place_options.h"
#include "kernel/account.h"
#include "kernel/error.h"
#include "kernel/json.h"
#include "kernel/units.h"
#include "meter/experiment/run_comparison.h"
#include "meter/gap_fill.h"
#include "meter/run_account.h"
#include "meter/run_energy.h"
#include "meter/traces/replay.h"

namespace wattline::meter {
namespace {

namespace fs = std::filesystem;

struct RunOptions {
  std::vector<std::string> command, labels;
  std::optional<Duration> interval, idle_before;
  std::string series, against, runs;
  std::int64_t repeat = 1, warm_up = 1;
  std::optional<Duration> cool_down;
  bool record = true, phase_signal = false;
  catalog::PlaceOptions place;
};

// Opened before the command runs: a mistyped folder must not cost a day's record.
class SeriesFile {
 public:
  explicit SeriesFile(std::string path) : path_(std::move(path)) {
    if (path_.empty()) return;
    std::error_code unknown;
    const auto status = fs::status(path_, unknown);
    if (fs::is_directory(status)) throw bad_input(fmt::format("'{}' is a folder; a file is needed", path_), "--series");
    direct_ = fs::exists(status) && !fs::is_regular_file(status);
    file_.open(direct_ ? path_ : path_ + ".part", std::ios::binary | std::ios::trunc);
    if (!file_) throw errno_error("write", path_, errno).at("--series");
  }
  ~SeriesFile() {
    std::error_code ignored;
    if (!path_.empty() && !direct_ && !done_) fs::remove(path_ + ".part", ignored);
  }
  SeriesFile(const SeriesFile&) = delete;
  SeriesFile& operator=(const SeriesFile&) = delete;

  bool wanted() const { return !path_.empty(); }
  void write(const Table& table) {
    file_ << to_csv(table);
    file_.close();
    if (!file_) throw errno_error("write", path_, errno);
    std::error_code failed;
    if (!direct_) fs::rename(path_ + ".part", path_, failed);
    if (failed) throw errno_error("write", path_, failed.value());
    done_ = true;
  }

 private:
  std::string path_;
  std::ofstream file_;
  bool direct_ = false, done_ = false;
};

Table components_table(const RunEnergy& run) {
  Table t("run.components.v1");
  t.title = "Components";
  t.text("component").number("energy", "J").number("energy_low", "J", "95 %").number("energy_high", "J", "95 %");
  t.number("mean", "W").number("peak", "W").text("method").text("counted", "no: why it is not part of the sum");
  t.text("source", "family of the source; `meter sources` says where");
  const auto watts = [](const std::optional<Power>& p) { return p ? p->base() : std::nan(""); };
  for (const auto& c : run.components) {
    const std::string counted = c.info.counted ? "yes" : "no: " + c.info.not_counted_because;
    const bool seen = c.covered > Duration(0);
    const auto joules = [&](Energy value) { return seen ? value.base() : std::nan(""); };
    t.add_row({c.info.component, joules(c.energy.value()), joules(c.energy.low()), joules(c.energy.high()),
               watts(c.mean), watts(c.peak), seen ? std::string(to_string(c.energy.method())) : "not read", counted,
               c.info.family});
  }
  return t;
}

std::string boundary(const RunEnergy& run) {
  if (replaying())
    return fmt::format("What was read is a replayed trace and not this machine{}.",
                       run.total.method() == Method::modelled ? "; what was modelled when it was recorded, or is now, "
                                                                "says modelled"
                                                              : "");
  if (run.cpu_measured)
    return "Counters see the whole machine: other programs and the idle power are part of the figures"
           " (--idle-before subtracts the idle power).";
  return fmt::format(
      "No counter of this machine's processor can be read, so the processor and memory are modelled from "
      "the command's own CPU time, {} and memory; `wattline meter sources` says why.",
      run.device);
}

void add_energies(Result& out, const RunEnergy& run, const catalog::Grid& grid) {
  catalog::add_impacts(out, run.total, grid);
  // Measured for the greater part is neither measured nor modelled: the words say which.
  if (const double share = run.modelled_share; share > 0 && share < 1)
    for (auto& block : out.blocks)
      if (auto* e = std::get_if<EstimateBlock>(&block); e && e->name == "energy")
        e->note += fmt::format("; {} of it modelled", share_in_words(share));
  const std::string source = "meter run";
  if (run.mean) out.estimate("power", "Mean power", *run.mean);
  if (run.peak)
    out.estimate("peak_power", "Peak power", Estimate<Power>::with_sd(*run.peak, Power(0), run.total.method(), source),
                 {}, "at most: the components' peaks together");
  out.estimate("duration", "Duration",
               Estimate<Duration>::with_sd(run.outcome.length, Duration(0), Method::measured, source));
  const Duration cpu = run.outcome.user + run.outcome.system;
  out.estimate(
      "cpu_time", "CPU time", Estimate<Duration>::with_sd(cpu, Duration(0), Method::measured, source), {},
      run.share_of_busy ? fmt::format("{:.0f} % of the machine's busy CPU time", *run.share_of_busy * 100) : "");
}

Figure phases_figure(const PhaseReport& report) {
  Figure f;
  f.kind = Figure::Kind::bar;
  f.title = "Energy by phase";
  f.y = {"energy", "J"};
  Figure::Trace t;
  for (const auto& p : report.phases) {
    if (p.name.empty()) continue;
    t.x.push_back(static_cast<double>(f.categories.size()));
    t.y.push_back(p.energy.value().base());
    t.low.push_back(p.energy.low().base());
    t.high.push_back(p.energy.high().base());
    f.categories.push_back(p.name);
  }
  f.traces.push_back(std::move(t));
  return f;
}

Result not_started(const RunEnergy& run, const std::vector<std::string>& command) {
  Result out;
  out.title = "The command was not run";
  out.exit_code = run.outcome.exit_code;
  std::error_code unknown;
  const bool there = command.front().find('/') != std::string::npos && fs::exists(command.front(), unknown);
  const std::string why = run.outcome.exit_code != 127 ? run.outcome.not_started
                          : there ? "the file is there, and the interpreter or loader that it names is not"
                                  : "no such command";
  out.note(fmt::format("wattline: {}: {}", command.front(), why));
  return out;
}

void record(Result& out, const RunEnergy& run, Labels labels, const std::string& place, const std::string& program,
            Context& context) {
  try {
    const std::string uid = record_run(run, std::move(labels), place, program, context);
    if (!uid.empty()) out.note(fmt::format("Recorded in the account as {}.", uid));
    else if (const auto why = why_not_recorded(); !why.empty()) out.warn("not recorded in the account: " + why);
  } catch (const Error& e) {
    // The command has run: its exit code and the report matter more.
    out.warn(fmt::format("not recorded in the account: {}", e.what()));
  }
}

Result repeated(const RunOptions& o, const RunSettings& run, Labels labels, std::string place, Context& context) {
  if (!o.series.empty()) throw bad_input("a series is of one run, not of many", "--series");
  if (o.repeat < 2) throw bad_input("two commands are compared by runs again and again", "--repeat", "--repeat 10");
  ComparisonSettings s;
  s.series.run = run;
  s.series.warm_up = static_cast<std::size_t>(o.warm_up);
  s.series.cool_down = o.cool_down;
  s.repeats = static_cast<std::size_t>(o.repeat);
  s.against = o.against;
  s.records = o.runs;
  s.record = o.record;
  s.labels = std::move(labels);
  s.place = std::move(place);
  return compare_runs(o.command, s, context.get<catalog::Catalog>(), context);
}

Result run(const RunOptions& o, Context& context) {
  const auto& catalog = context.get<catalog::Catalog>();
  // All that can be wrong is found before the command runs.
  if (o.command.empty() || o.command.front().empty())
    throw bad_input("no command is given", "command", "wattline run -- COMMAND ARGUMENTS");
  auto labels = read_labels(o.labels);
  const catalog::Grid grid = catalog::resolve(o.place, catalog);
  SeriesFile series(o.series);
  RunSettings settings;
  settings.interval = o.interval;
  settings.idle_before = o.idle_before;
  settings.phase_signal = o.phase_signal;
  settings.recorded = o.record && context.find<AccountSink>() && why_not_recorded().empty();
  settings.roots = Roots::from_environment();

  if (o.repeat > 1 || !o.against.empty())
    return repeated(o, settings, std::move(labels), o.place.place.empty() ? "" : grid.place, context);
  if (!o.runs.empty() || o.cool_down)
    throw bad_input("it belongs to --repeat", o.runs.empty() ? "--cool-down" : "--runs", "as in --repeat 10");

  const RunEnergy run = run_metered(o.command, settings, catalog);
  if (!run.outcome.not_started.empty()) return not_started(run, o.command);

  Result out;
  const std::string program = program_name(o.command);
  out.title = fmt::format("wattline run {}", program);
  out.exit_code = run.outcome.signal != 0 ? -run.outcome.signal : run.outcome.exit_code;
  add_energies(out, run, grid);
  if (run.phases.any()) {
    out.add(phases_table(run.phases));
    if (const std::size_t n = run.phases.phases.size() - 1; n > 1 && n <= 20) out.add(phases_figure(run.phases));
    if (std::none_of(labels.begin(), labels.end(), [](const auto& l) { return l.first == "phases"; }))
      labels.emplace_back("phases", phases_label(run.phases));
  }
  out.add(components_table(run));
  out.note(boundary(run));
  for (const auto& f : run.factors) out.use(f);
  for (const auto& w : run.warnings) out.warn(w);
  if (run.outcome.signal != 0) out.warn(fmt::format("the command was ended by signal {}", run.outcome.signal));
  if (run.outcome.left_running > 0)
    out.warn(fmt::format("{} of the command run{} on: what is used from now on is not counted",
                         run.outcome.left_running == 1 ? std::string("1 process")
                                                       : fmt::format("{} processes", run.outcome.left_running),
                         run.outcome.left_running == 1 ? "s" : ""));
  if (series.wanted()) {
    try {
      series.write(power_series_table(run.components));
    } catch (const Error& e) {
      out.warn(fmt::format("the power series is not written: {}", e.what()));
    }
  }
  // A PUE that was given holds for this run, whatever a report is told (docs/formats/ledger.md).
  if (o.place.pue && std::none_of(labels.begin(), labels.end(), [](const auto& l) { return l.first == "pue"; }))
    labels.emplace_back("pue", shortest(*o.place.pue));
  // The average that stands in for an unknown place is no fact: a report may be told the place later.
  if (o.record) record(out, run, std::move(labels), o.place.place.empty() ? "" : grid.place, program, context);
  return out;
}

}  // namespace

Capability run_capability() {
  static const auto fields =
      Fields<RunOptions>()
          .list("label", &RunOptions::labels, "NAME=VALUE for the account, may be given again")
          .quantity("interval", &RunOptions::interval, "s",
                    "time between readings; none: 0.1 s with counters, 1 s without")
          .range(0.001, 10)
          .quantity("idle-before", &RunOptions::idle_before, "s",
                    "measure the idle machine for so long first, and subtract its power")
          .range(0.1, 3600)
          .text("series", &RunOptions::series, "file for the power over time (CSV, power.series.v1)")
          .flag("phase-signal", &RunOptions::phase_signal,
                "SIGUSR1 sent to wattline begins the next phase, and is not passed on")
          .integer("repeat", &RunOptions::repeat, "so many runs, or rounds of runs with --against")
          .range(1, 10'000)
          .text("against", &RunOptions::against,
                "another command, for the shell: run in turn with the first and compared")
          .integer("warm-up", &RunOptions::warm_up, "with --repeat: runs of each command first that do not count")
          .range(0, 100)
          .quantity("cool-down", &RunOptions::cool_down, "s", "with --repeat: to wait before each run")
          .range(0, 86400)
          .text("runs", &RunOptions::runs,
                "with --repeat: file that gets a line a run; a series that was interrupted goes on")
          .flag("record", &RunOptions::record, "write the run into the account (--no-record: do not)")
          .group(&RunOptions::place, catalog::place_fields(), "Place")
          .list("command", &RunOptions::command, "the command and its arguments, after --")
          .required()
          .rest();
  Capability c = capability<RunOptions>("meter", "run", "Runs a command and says what it cost.", run, fields);
  c.description =
      "Runs the command with this terminal, its signals and its exit code passed through (a command that a "
      "signal ended ends wattline by that signal too, once the report is written, and a shell says 128 + n; 126 when "
      "it may not be run, 127 when it is not found), and reports joules by component, mean and "
      "peak power, time, carbon and water on standard error, so that pipes and scripts see the command's output "
      "alone; `--output FILE` puts the report, also as --json, into a file. The run becomes a row of the account.\n\n"
      "Where the machine has counters (RAPL of Intel and AMD processors, NVIDIA's NVML, sensors of known chips) they "
      "are "
      "read about ten times a second and give the energy of the whole machine's components, other programs and idle "
      "power included. Where it has none, the processor is modelled from the CPU time of the command and all its "
      "descendants and the catalog's power curve, and every figure says so. Peak power is the highest mean over five "
      "renewals of a counter. What ran on after the command ended is not counted.\n\n"
      "A program that marks its phases gets a table of what each of them cost (and that table as --csv): it writes "
      "lines as `begin load`, `end load` or `mark load` to the descriptor in WATTLINE_PHASE_FD, or calls "
      "include/wattline/phases.h (the guide phases.md has C, Python and shell). A phase that comes again is summed up. "
      "A moment's joules go to the phase begun last, so that the table adds up to the run; a phase shorter than the "
      "steps of the readings is called an estimate.\n\n"
      "With --repeat N the command runs N times; with --against \"COMMAND\" each of N rounds runs both, in random "
      "order "
      "(--seed), and the result says in words whether they differ in energy, by how much, and what cannot be excluded "
      "(paired t test over the rounds), and what makes the series doubtful: first runs, drift, outliers, other "
      "programs. "
      "Each run is a row of the account. What a signal interrupts goes on with the same --runs FILE.";
  c.verb = Verb::observe;
  c.doors = Doors::command_line;
  c.aliases = {"run"};
  c.results_to_stderr = true;
  c.emits = {"power.series.v1", "run.records.v1", "run.phases.v1"};
  c.examples = {{{"--place", "FR", "--label", "project=thesis", "--", "sh", "-c", "exit 0"}, {}, "Duration"},
                {{"--place", "FR", "--repeat", "3", "--against", "exit 0", "--", "sh", "-c", "exit 0"},
                 {},
                 "3 rounds of two commands"}};
  return c;
}

}  // namespace wattline::meter
