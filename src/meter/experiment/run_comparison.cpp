#include "meter/experiment/run_comparison.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>
#include <unistd.h>

#include "kernel/account.h"
#include "kernel/error.h"
#include "kernel/units.h"
#include "kernel/utf8.h"
#include "meter/traces/replay.h"
#include "study/analysis.h"
#include "study/correlation.h"
#include "study/design.h"
#include "study/report.h"
#include "study/wording.h"

namespace wattline::meter {
namespace {

std::string shown(const std::vector<std::string>& command) {
  std::string all;
  for (const auto& word : command) all += (all.empty() ? "" : " ") + word;
  return shown_text(all, 70);
}

Plan plan_of_rounds(const std::vector<std::string>& command, const ComparisonSettings& s, const Context& context) {
  Plan plan;
  plan.factors = {"side"};
  const std::size_t sides = s.against.empty() ? 1 : 2;
  const auto rounds = study::randomised_blocks(sides, s.repeats, context.random("run --against"));
  const int digits = static_cast<int>(std::to_string(s.repeats).size());
  for (std::size_t round = 0; round < rounds.size(); ++round)
    for (const std::size_t side : rounds[round]) {
      const std::string name = side == 0 ? "A" : "B";
      plan.runs.push_back({fmt::format("{}{:0{}}", name, round + 1, digits),
                           static_cast<std::int64_t>(round + 1),
                           {{"side", name}},
                           side == 0 ? command : std::vector<std::string>{"/bin/sh", "-c", s.against}});
    }
  plan.digest = digest_of(plan);
  return plan;
}

// A file that is gone with us, where the user wants none.
class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "wattline-runs-XXXXXX").string();
    const int fd = ::mkstemp(name.data());
    if (fd < 0) throw errno_error("write", name, errno);
    ::close(fd);
    path_ = name;
  }
  ~Scratch() { ::unlink(path_.c_str()); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Measure {
  const char *name, *unit;
  double RunRecord::*value;
};
constexpr Measure measures[] = {{"energy", "J", &RunRecord::energy},
                                {"duration", "s", &RunRecord::duration},
                                {"CPU time", "s", &RunRecord::cpu},
                                {"mean power", "W", &RunRecord::power}};

// Of the rounds that are whole: the same number of both.
study::Grouped groups_of(const std::vector<RunRecord>& done, const Plan& plan, const Measure& m, std::size_t sides) {
  study::Grouped g;
  g.value_name = m.name;
  g.unit = m.unit;
  g.group_name = "command";
  g.groups = {{"A", {}}, {"B", {}}};
  g.groups.resize(sides);
  g.left_out.assign(sides, 0);
  g.pairs = sides == 2;
  for (std::int64_t round = 1; round <= plan.runs.back().block; ++round) {
    std::vector<const RunRecord*> of(sides, nullptr);
    for (const auto& run : plan.runs)
      if (run.block == round)
        for (const auto& r : done)
          if (r.id == run.id && r.exit_code == 0) of[run.factors[0].second == "A" ? 0 : 1] = &r;
    if (std::all_of(of.begin(), of.end(), [](const auto* r) { return r; }))
      for (std::size_t i = 0; i < sides; ++i) g.groups[i].values.push_back(of[i]->*m.value);
  }
  g.reading = fmt::format("{} of {} rounds", m.name, g.groups[0].values.size());
  return g;
}

Table side_table(const std::vector<study::Grouped>& all) {
  Table t;
  t.title = "Runs";
  t.text("measure").text("command").integer("n").number("mean").number("low").number("high").number("sd").number(
      "median");
  t.text("unit");
  for (const auto& g : all)
    for (const auto& group : g.groups) {
      if (group.values.empty()) continue;
      const study::Summary s = study::summarise(group.values, 0.95);
      t.add_row({g.value_name, group.name, static_cast<std::int64_t>(s.m.n), s.m.mean, s.mean_interval.low,
                 s.mean_interval.high, s.m.sd(), s.median, g.unit});
    }
  return t;
}

Table difference_table(const std::vector<study::Grouped>& all) {
  Table t;
  t.title = "B against A";
  t.text("measure").number("difference", "%").number("low", "%").number("high", "%").number("p").text("verdict");
  std::vector<double> p;
  std::vector<study::MeanDifference> tests;
  for (const auto& g : all) {
    tests.push_back(study::paired(g.groups[0].values, g.groups[1].values, 0.95));
    p.push_back(tests.back().no_test.empty() ? tests.back().p : std::nan(""));
  }
  // The first measure is what the comparison is for, and stands for itself as in the headline; the others are looked at
  // too, and share their chance of a false alarm.
  std::vector<double> adjusted = study::holm({p.begin() + 1, p.end()});
  adjusted.insert(adjusted.begin(), p[0]);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto r = study::relative_difference(all[i].groups[0].values, all[i].groups[1].values, true, 0.95);
    const auto percent = [&](double share) { return r ? 100 * share : std::nan(""); };
    std::string verdict;
    if (!tests[i].no_test.empty()) verdict = "no test: " + tests[i].no_test;
    else if (adjusted[i] < 0.05) verdict = tests[i].difference < 0 ? "B is lower" : "B is higher";
    else if (r)
      verdict = fmt::format("not told apart; a difference of up to {} % is not excluded",
                            format_number(100 * std::max(std::abs(r->interval.low), std::abs(r->interval.high)), 2));
    else verdict = "not told apart";
    t.add_row({all[i].value_name, percent(r ? r->value : 0), percent(r ? r->interval.low : 0),
               percent(r ? r->interval.high : 0), adjusted[i], verdict});
  }
  t.caption = "pairs of one round; p of energy, which is asked for, and of the three other measures after Holm";
  return t;
}

}  // namespace

std::vector<std::string> doubts(const std::string& name, const std::vector<double>& values, const std::string& unit,
                                bool outliers) {
  std::vector<std::string> out;
  if (values.size() < 5) return out;
  const std::vector<double> rest(values.begin() + 1, values.end());
  const study::Summary s = study::summarise(rest, 0.95);
  const double off = values[0] - s.median;
  if (std::abs(off) > 3 * s.mad && std::abs(off) > 0.02 * std::abs(s.median))
    out.push_back(
        fmt::format("the first run of {} is unlike the others ({} against a median of {}): caches, clocks and "
                    "temperature settle in first runs, so take more --warm-up",
                    name, study::with_unit(values[0], unit), study::with_unit(s.median, unit)));
  std::vector<double> order(values.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<double>(i);
  if (const study::Correlation c = study::spearman(order, values); values.size() >= 6 && c.p < 0.01)
    out.push_back(
        fmt::format("{} drifts {} over the series ({}): the machine warms up or shares its power; what drifts is "
                    "shared by both commands of a round",
                    name, c.r > 0 ? "upwards" : "downwards", study::p_text(c.p)));
  if (const study::Summary all = study::summarise(values, 0.95); outliers && all.outliers > 0)
    out.push_back(fmt::format("{} run{} of {} lie{} farther than 3 mad from the median; none is left out", all.outliers,
                              all.outliers == 1 ? "" : "s", name, all.outliers == 1 ? "s" : ""));
  return out;
}

void tell(Result& out, const SeriesOutcome& series, const RecordsFile& records) {
  if (series.done_before > 0)
    out.note(fmt::format("{} runs were recorded before and were not run again.", series.done_before));
  for (const auto& f : series.factors) out.use(f);
  for (const auto& w : series.warnings) out.warn(w);
  if (series.interrupted_by != 0) {
    out.exit_code = -series.interrupted_by;
    out.warn(fmt::format("interrupted by signal {} with {} runs left", series.interrupted_by, series.left));
  } else if (!series.not_started.empty()) {
    out.exit_code = series.not_started_code;
    out.warn(fmt::format("a command could not be started: {}", series.not_started));
  } else if (series.failed) {
    out.exit_code = series.failed->exit_code;
    out.warn(fmt::format("run {} ended with exit code {} and is not recorded; {} runs are left", series.failed->id,
                         series.failed->exit_code, series.left));
  }
  const auto failed =
      std::count_if(records.done().begin(), records.done().end(), [](const auto& r) { return r.exit_code; });
  if (failed > 0) out.warn(fmt::format("{} recorded runs failed (column exit_code)", failed));
}

Result compare_runs(const std::vector<std::string>& command, const ComparisonSettings& s,
                    const catalog::Catalog& catalog, Context& context) {
  if (replaying()) throw bad_input("a replayed trace is no measurement of these runs", "WATTLINE_REPLAY", "unset it");
  const Plan plan = plan_of_rounds(command, s, context);
  std::optional<Scratch> scratch;
  if (s.records.empty()) scratch.emplace();
  RecordsFile records(scratch ? scratch->path() : s.records, plan);

  std::vector<std::string> not_recorded;
  SeriesSettings settings = s.series;
  const bool account = s.record && context.find<AccountSink>();
  if (const auto why = why_not_recorded(); account && !why.empty())
    not_recorded.push_back("not recorded in the account: " + why);
  settings.run.recorded = account && not_recorded.empty();
  settings.recorded = [&](const PlannedRun& run, const RunEnergy& e) {
    if (!s.record) return;
    Labels labels = s.labels;
    labels.emplace_back("series", plan.digest);
    labels.emplace_back("side", run.factors[0].second);
    labels.emplace_back("round", std::to_string(run.block));
    const std::string program = run.factors[0].second == "A" ? program_name(command) : "sh";
    try {
      record_run(e, std::move(labels), s.place, program, context);
    } catch (const Error& error) {
      if (not_recorded.empty()) not_recorded.push_back(fmt::format("not recorded in the account: {}", error.what()));
    }
  };
  const SeriesOutcome series = execute(plan, records, settings, catalog, context);

  Result out;
  const std::size_t sides = s.against.empty() ? 1 : 2;
  std::vector<study::Grouped> all;
  for (const auto& m : measures) all.push_back(groups_of(records.done(), plan, m, sides));
  const std::size_t n = all[0].groups[0].values.size();
  out.title = sides == 2 ? fmt::format("{} rounds of two commands", n) : fmt::format("{} runs", n);
  out.note("A: " + shown(command));
  if (sides == 2) out.note("B: " + shown({s.against}));
  if (sides == 2 && n >= 2) {
    study::AnalysisOptions options;
    const study::Analysis a = study::analyse(all[0], options, context);
    for (auto& sentence : study::conclusions(a)) out.note(std::move(sentence));
    out.add(difference_table(all));
    out.add(side_table(all));
    out.add(study::means_figure(a));
    for (const auto& w : a.warnings) out.warn(w);
  } else {
    if (sides == 2) out.warn("fewer than two whole rounds: nothing is compared");
    out.add(side_table(all));
  }
  if (series.done_now > 0 && !series.cpu_measured)
    out.warn("the processor is modelled from CPU time, not measured: a difference of energy is one of CPU time");
  for (const auto& group : all[0].groups)
    for (auto& d : doubts("the energy of " + group.name, group.values, "J", sides == 1)) out.warn(std::move(d));
  if (n > 0 && study::median(all[1].groups[0].values) < 0.5)
    out.warn(
        "the runs take less than half a second, so that starting the program and the steps of the readings are a good "
        "part of it: repeat the work inside the command");
  tell(out, series, records);
  for (auto& w : not_recorded) out.warn(std::move(w));
  if (series.left > 0)
    out.note(s.records.empty()
                 ? "With --runs FILE a series that was interrupted goes on where it was."
                 : fmt::format("The same command with --runs {} goes on where this one stopped.", s.records));
  return out;
}

}  // namespace wattline::meter
