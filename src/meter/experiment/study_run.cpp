#include "meter/experiment/study_run.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "catalog/place_options.h"
#include "kernel/account.h"
#include "kernel/error.h"
#include "meter/experiment/run_comparison.h"
#include "meter/traces/replay.h"
#include "study/summary.h"

namespace wattline::meter {
namespace {

struct StudyRunOptions {
  InputFile plan;
  std::string records;
  std::optional<Duration> cool_down, idle_before, interval;
  std::int64_t warm_up = 1;
  std::optional<std::int64_t> most;
  bool keep_going = false, record = true;
  std::vector<std::string> labels;
  catalog::PlaceOptions place;
};

Table cells_table(const Plan& plan, const std::vector<RunRecord>& done) {
  Table t;
  t.title = "Energy by combination";
  for (const auto& f : plan.factors) t.text(f);
  t.integer("n").number("energy", "J", "mean").number("low", "J").number("high", "J").number("sd", "J");
  t.number("time", "s", "mean");
  struct Cell {
    std::vector<std::string> levels;
    std::vector<double> energy, time;
  };
  std::vector<Cell> cells;
  std::map<std::string, const RunRecord*> by_id;
  for (const auto& r : done) by_id[r.id] = &r;
  for (const auto& run : plan.runs) {
    const auto it = by_id.find(run.id);
    if (it == by_id.end() || it->second->exit_code != 0) continue;
    std::vector<std::string> levels;
    for (const auto& [name, level] : run.factors) levels.push_back(level);
    auto cell = std::find_if(cells.begin(), cells.end(), [&](const Cell& c) { return c.levels == levels; });
    if (cell == cells.end()) cell = cells.insert(cells.end(), {levels, {}, {}});
    cell->energy.push_back(it->second->energy);
    cell->time.push_back(it->second->duration);
  }
  std::sort(cells.begin(), cells.end(), [](const Cell& a, const Cell& b) { return a.levels < b.levels; });
  for (const auto& c : cells) {
    const study::Summary energy = study::summarise(c.energy, 0.95);
    std::vector<Table::Cell> row(c.levels.begin(), c.levels.end());
    row.insert(row.end(), {static_cast<std::int64_t>(energy.m.n), energy.m.mean, energy.mean_interval.low,
                           energy.mean_interval.high, energy.m.sd(), study::moments(c.time).mean});
    t.add_row(std::move(row));
  }
  return t;
}

Result study_run(const StudyRunOptions& o, Context& context) {
  if (replaying()) throw bad_input("a replayed trace is no measurement of these runs", "WATTLINE_REPLAY", "unset it");
  const auto& catalog = context.get<catalog::Catalog>();
  const std::string where = o.plan.name();
  const Plan plan = plan_of(read_csv(o.plan.read(), where, {.delimiter = ',', .infer = false}), where);
  const Labels labels = read_labels(o.labels);
  const catalog::Grid grid = catalog::resolve(o.place, catalog);
  std::string path = o.records;
  if (path.empty()) {
    if (where == "-")
      throw bad_input("a plan from standard input has no name for its records", "records", "give --records FILE");
    path = (where.ends_with(".csv") ? where.substr(0, where.size() - 4) : where) + ".records.csv";
  }
  RecordsFile records(path, plan);

  SeriesSettings settings;
  settings.run.roots = Roots::from_environment();
  settings.run.idle_before = o.idle_before;
  settings.run.interval = o.interval;
  settings.cool_down = o.cool_down;
  settings.warm_up = static_cast<std::size_t>(o.warm_up);
  settings.keep_going = o.keep_going;
  if (o.most) settings.most = static_cast<std::size_t>(*o.most);
  std::string not_recorded;
  const bool account = o.record && context.find<AccountSink>();
  if (const auto why = why_not_recorded(); account && !why.empty())
    not_recorded = "not recorded in the account: " + why;
  settings.run.recorded = account && not_recorded.empty();
  settings.recorded = [&](const PlannedRun& run, const RunEnergy& e) {
    if (!o.record) return;
    Labels all = labels;
    const auto add = [&](const std::string& name, const std::string& value) {
      if (std::none_of(all.begin(), all.end(), [&](const auto& l) { return l.first == name; }))
        all.emplace_back(name, value);
    };
    add("study", plan.digest);
    add("run", run.id);
    for (const auto& [name, level] : run.factors) add(name, level);
    try {
      record_run(e, std::move(all), o.place.place.empty() ? "" : grid.place, "sh", context);
    } catch (const Error& error) {
      not_recorded = fmt::format("not recorded in the account: {}", error.what());
    }
  };
  const SeriesOutcome series = execute(plan, records, settings, catalog, context);

  Result out;
  out.title = fmt::format("{} of {} runs are recorded in {}", records.done().size(), plan.runs.size(), path);
  if (!records.done().empty()) out.add(cells_table(plan, records.done()));
  if (series.left == 0) {
    if (!plan.factors.empty())
      out.note(fmt::format("What differs: wattline study compare {} --value energy --group {}", path, plan.factors[0]));
  } else {
    out.note(fmt::format("The same command goes on with the {} runs that are left.", series.left));
  }
  if (series.done_now > 0 && !series.cpu_measured)
    out.warn("the processor is modelled from CPU time, not measured: a difference of energy is one of CPU time");
  std::vector<double> in_order;
  for (const auto& r : records.done()) in_order.push_back(r.duration);
  tell(out, series, records);
  if (!not_recorded.empty()) out.warn(not_recorded);
  return out;
}

Capability study_run_capability() {
  static const auto fields =
      Fields<StudyRunOptions>()
          .file("plan", &StudyRunOptions::plan, "CSV file of `study design` (run.plan.v1)")
          .required()
          .positional()
          .text("records", &StudyRunOptions::records,
                "file that gets a line a run (default: the plan's name with .records.csv)")
          .quantity("cool-down", &StudyRunOptions::cool_down, "s", "to wait before each run")
          .range(0, 86400)
          .quantity("idle-before", &StudyRunOptions::idle_before, "s",
                    "measure the idle machine for so long before each run, and subtract its power")
          .range(0.1, 3600)
          .quantity("interval", &StudyRunOptions::interval, "s", "time between readings")
          .range(0.001, 10)
          .integer("warm-up", &StudyRunOptions::warm_up, "runs of each combination first that are not recorded")
          .range(0, 100)
          .integer("most", &StudyRunOptions::most, "no more than so many runs this time")
          .range(1, 1'000'000)
          .flag("keep-going", &StudyRunOptions::keep_going, "record a run that failed, and go on")
          .list("label", &StudyRunOptions::labels, "NAME=VALUE for the account, may be given again")
          .flag("record", &StudyRunOptions::record, "write the runs into the account (--no-record: do not)")
          .group(&StudyRunOptions::place, catalog::place_fields(), "Place");
  Capability c =
      capability<StudyRunOptions>("study", "run", "Executes a plan of runs under the meter.", study_run, fields);
  c.description =
      "Runs the commands of a plan one after the other, in the plan's order, each metered as by `wattline run`, and "
      "writes a "
      "line of its energy, time and power with the levels of its factors to the records, which `study compare` reads. "
      "Each "
      "line is on the disk before the next run begins: what was interrupted or killed goes on with the same command, "
      "and no "
      "run is recorded twice. A run that fails ends the study and is run again next time (--keep-going records it). "
      "Commands "
      "are run by /bin/sh with this terminal; standard output is theirs, the result comes on standard error.";
  c.verb = Verb::observe;
  c.doors = Doors::command_line;
  c.papers = {9};
  c.results_to_stderr = true;
  c.consumes = {"run.plan.v1"};
  c.emits = {"run.records.v1"};
  const std::string plan =
      "run,block,order,seed,size,command\nb1-c1,1,1,7,small,exit 0\nb1-c2,1,2,7,large,exit 0\nb2-c2,2,3,8,large,exit "
      "0\n"
      "b2-c1,2,4,8,small,exit 0\n";
  c.examples = {{{"plan.csv", "--warm-up", "0", "--place", "FR"}, {{"plan.csv", plan}}, "4 of 4 runs are recorded"}};
  return c;
}

}  // namespace

std::vector<Capability> experiment_capabilities() { return {study_run_capability()}; }

}  // namespace wattline::meter
