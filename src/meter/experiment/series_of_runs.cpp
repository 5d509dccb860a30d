#include "meter/experiment/series_of_runs.h"

#include <algorithm>
#include <set>
#include <thread>

#include <fmt/format.h>

namespace wattline::meter {
namespace {

void wait(Duration span, const Context& context) {
  const std::int64_t end = monotonic_ns() + static_cast<std::int64_t>(span.base() * 1e9);
  while (monotonic_ns() < end) {
    context.check_cancelled();
    std::this_thread::sleep_for(std::chrono::nanoseconds(std::min<std::int64_t>(end - monotonic_ns(), 100'000'000)));
  }
}

// What tells kinds of runs apart: their levels, or their commands where there are no factors.
std::string kind_of(const PlannedRun& run) {
  std::string out;
  for (const auto& [name, level] : run.factors) out += name + "=" + level + "\n";
  if (run.factors.empty())
    for (const auto& word : run.command) out += word + "\n";
  return out;
}

class Runner {
 public:
  Runner(const SeriesSettings& settings, const catalog::Catalog& catalog, const Context& context)
      : settings_(settings), catalog_(catalog), context_(context) {}

  // Nothing when the series ends with it.
  std::optional<RunEnergy> run(const PlannedRun& planned) {
    if (settings_.cool_down) wait(*settings_.cool_down, context_);
    RunEnergy e = run_metered(planned.command, settings_.run, catalog_);
    out.device = e.device;
    out.cpu_measured = e.cpu_measured;
    for (const auto& f : e.factors)
      if (std::none_of(out.factors.begin(), out.factors.end(), [&](const auto& g) { return g.id == f.id; }))
        out.factors.push_back(f);
    if (e.outcome.interrupted_by != 0) {
      out.interrupted_by = e.outcome.interrupted_by;
      return std::nullopt;
    }
    if (!e.outcome.not_started.empty()) {
      out.not_started = e.outcome.not_started;
      out.not_started_code = e.outcome.exit_code;
      return std::nullopt;
    }
    if (e.outcome.exit_code != 0 && !settings_.keep_going) {
      out.failed = RunRecord{planned.id, e.outcome.exit_code};
      return std::nullopt;
    }
    if (e.outcome.left_running > 0)
      warn(
          "commands left processes running, which go on in the background of the runs after: their work is in the "
          "figures");
    if (e.share_of_busy && *e.share_of_busy < 0.9) ++crowded;
    for (const auto& w : e.warnings)
      if (w.find("busy CPU time") == w.npos && w.find("idle power, measured before") == w.npos) warn(w);
    return e;
  }
  void warn(const std::string& text) {
    if (out.warnings.size() < 10 && warned_.insert(text).second) out.warnings.push_back(text);
  }

  SeriesOutcome out;
  std::size_t crowded = 0;

 private:
  const SeriesSettings& settings_;
  const catalog::Catalog& catalog_;
  const Context& context_;
  std::set<std::string> warned_;
};

}  // namespace

SeriesOutcome execute(const Plan& plan, RecordsFile& records, const SeriesSettings& settings,
                      const catalog::Catalog& catalog, const Context& context) {
  Runner runner(settings, catalog, context);
  SeriesOutcome& out = runner.out;
  out.done_before = records.done().size();
  std::vector<const PlannedRun*> open;
  for (const auto& run : plan.runs)
    if (!records.has(run.id)) open.push_back(&run);
  out.left = open.size();
  if (open.empty()) return std::move(runner.out);

  std::set<std::string> warm;
  for (std::size_t round = 0; round < settings.warm_up; ++round) {
    warm.clear();
    for (const PlannedRun* run : open) {
      if (!warm.insert(kind_of(*run)).second) continue;
      context.progress(0, fmt::format("warm-up {} of {}", round + 1, settings.warm_up));
      if (!runner.run(*run)) return std::move(runner.out);
    }
  }
  runner.crowded = 0;
  for (const PlannedRun* run : open) {
    if (settings.most && out.done_now == *settings.most) break;
    context.check_cancelled();
    context.progress(static_cast<double>(out.done_before + out.done_now) / static_cast<double>(plan.runs.size()),
                     run->id);
    const auto e = runner.run(*run);
    if (!e) break;
    records.add(*run, *e);
    if (settings.recorded) settings.recorded(*run, *e);
    ++out.done_now;
    --out.left;
  }
  if (runner.crowded > 0)
    runner.warn(
        fmt::format("in {} of {} runs other programs used more than a tenth of the machine's busy CPU time: quieter "
                    "times give surer figures",
                    runner.crowded, out.done_now));
  return std::move(runner.out);
}

}  // namespace wattline::meter
