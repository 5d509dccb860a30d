#include "study/design_command.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/units.h"
#include "study/experiment_file.h"
#include "study/two_groups.h"

namespace wattline::study {
namespace {

struct DesignOptions {
  InputFile experiment;
  std::optional<std::int64_t> repeats;
  std::optional<double> spread, difference;
  double alpha = 0.05, power = 0.8;
};

constexpr std::size_t most_runs = 100'000;

Table plan_table(const Experiment& e, const Design& d, std::mt19937_64 random) {
  Table t("run.plan.v1");
  t.title = "Plan";
  t.text("run", "unique").integer("block").integer("order").integer("seed", {}, "of the block");
  for (const auto& f : d.factors) t.text(f.name);
  t.text("command", "for the shell");
  std::mt19937_64 seeds = random;
  const auto blocks = randomised_blocks(d.cells.size(), e.repeats, random);
  const int block_digits = static_cast<int>(std::to_string(blocks.size()).size());
  const int cell_digits = static_cast<int>(std::to_string(d.cells.size()).size());
  std::int64_t order = 0;
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    // Of the same block the same, so that its runs may share what they draw at random.
    const auto seed = static_cast<std::int64_t>(seeds() % 1'000'000'000);
    for (const std::size_t cell : blocks[b]) {
      ++order;
      std::vector<std::pair<std::string, std::string>> values;
      const std::string run = fmt::format("b{:0{}}-c{:0{}}", b + 1, block_digits, cell + 1, cell_digits);
      std::vector<Table::Cell> row = {run, static_cast<std::int64_t>(b + 1), order, seed};
      for (std::size_t f = 0; f < d.factors.size(); ++f) {
        const std::string& level = d.factors[f].levels[d.cells[cell][f]];
        values.emplace_back(d.factors[f].name, level);
        row.emplace_back(level);
      }
      values.insert(values.end(), {{"run", run},
                                   {"block", std::to_string(b + 1)},
                                   {"order", std::to_string(order)},
                                   {"seed", std::to_string(seed)}});
      row.emplace_back(filled(e.command, values));
      t.add_row(std::move(row));
    }
  }
  return t;
}

// A factor whose levels make no difference to the command is most likely a slip of the pen.
void say_unnamed(Result& r, const Experiment& e, const Design& d) {
  for (const auto& f : d.factors) {
    std::vector<std::pair<std::string, std::string>> values;
    for (const auto& other : d.factors) values.emplace_back(other.name, other.levels[0]);
    for (const char* own : {"run", "block", "order", "seed"}) values.emplace_back(own, "1");
    const std::string first = filled(e.command, values);
    for (auto& [name, value] : values)
      if (name == f.name) value = f.levels[1];
    if (filled(e.command, values) == first)
      r.warn(fmt::format("the command does not name {{{}}}: all its levels run the same", f.name));
  }
}

void say_size(Result& r, const DesignOptions& o, const Experiment& e, const Design& d) {
  if (!o.spread && !o.difference) return;
  if (!o.spread || !o.difference)
    throw bad_input("--spread and --difference belong together", o.spread ? "--difference" : "--spread",
                    "the spread of runs of one kind, and the difference that shall be found, in % of the mean");
  // A main effect of two levels compares the halves of all runs.
  const std::size_t levels = std::max_element(d.factors.begin(), d.factors.end(), [](const Factor& a, const Factor& b) {
                               return a.levels.size() < b.levels.size();
                             })->levels.size();
  const std::size_t a_level =
      std::max<std::size_t>(2, needed_per_group(*o.spread, *o.difference, o.alpha, o.power, false));
  const std::size_t per_block = std::max<std::size_t>(1, d.cells.size() / levels);
  const std::size_t main = (a_level + per_block - 1) / per_block;
  r.note(fmt::format(
      "To find a difference of {} % where runs of one kind spread by {} % (standard deviation), with {} % probability "
      "(alpha {}): {} runs a group. Between two single combinations that is {} repeats, between two levels of a factor "
      "over all others {}. The plan has {}.",
      format_number(*o.difference), format_number(*o.spread), format_number(100 * o.power), format_number(o.alpha),
      a_level, a_level, std::max<std::size_t>(2, main), e.repeats));
  if (e.repeats < main) r.warn("the plan has fewer repeats than even a main effect of that size needs");
}

Result design(const DesignOptions& o, Context& context) {
  Experiment e = read_experiment(o.experiment.read(std::size_t{1} << 20), o.experiment.name());
  if (o.repeats) e.repeats = static_cast<std::size_t>(*o.repeats);
  const Design d = make_design(e.factors, e.generators);
  const std::size_t runs = d.cells.size() * e.repeats;
  if (runs > most_runs)
    throw bad_input(fmt::format("{} combinations in {} repeats are {} runs; at most {} are planned", d.cells.size(),
                                e.repeats, runs, most_runs),
                    "repeats");
  Result r;
  r.title = fmt::format("Plan of {} runs{}", runs, e.name.empty() ? "" : ": " + e.name);
  std::string what;
  for (const auto& f : d.factors)
    what += fmt::format("{}{} ({} levels)", what.empty() ? "" : ", ", f.name, f.levels.size());
  r.note(fmt::format(
      "{} combinations of {}, in {} blocks; each block holds every combination once, in an order of its own "
      "(seed {}).",
      d.cells.size(), what, e.repeats, context.seed));
  if (d.resolution > 0) {
    std::string aliases;
    for (std::size_t i = 0; i < std::min<std::size_t>(d.aliases.size(), 12); ++i)
      aliases += fmt::format("{}{} = {}", i ? "; " : "", d.aliases[i].first, d.aliases[i].second);
    if (d.aliases.size() > 12) aliases += fmt::format(" and {} more", d.aliases.size() - 12);
    r.note(fmt::format("A fraction of resolution {}. {}", d.resolution,
                       aliases.empty() ? "Main effects and interactions of two factors are told apart."
                                       : "Not to be told apart: " + aliases + "."));
    if (d.resolution == 3) r.warn("main effects stand for interactions of two factors too (resolution 3)");
  }
  if (e.repeats < 5) r.warn(fmt::format("{} repeats: take at least 5, better 10", e.repeats));
  say_unnamed(r, e, d);
  say_size(r, o, e, d);
  r.add(plan_table(e, d, context.random("study design")));
  return r;
}

}  // namespace

Capability design_capability() {
  static const auto fields =
      Fields<DesignOptions>()
          .file("experiment", &DesignOptions::experiment,
                "TOML file: factors, levels, command (docs/formats/experiment.md)")
          .required()
          .positional()
          .integer("repeats", &DesignOptions::repeats, "blocks, in place of the file's")
          .range(1, 10'000)
          .number("spread", &DesignOptions::spread,
                  "standard deviation of runs of one kind, % of their mean: how many runs it takes")
          .range(0.0001, 1000)
          .number("difference", &DesignOptions::difference, "that shall be found, % of the mean")
          .range(0.0001, 1000)
          .number("alpha", &DesignOptions::alpha, "how often a test may be wrong where there is no difference")
          .range(0.0001, 0.5)
          .number("power", &DesignOptions::power, "probability to find the difference")
          .range(0.5, 0.99);
  Capability c =
      capability<DesignOptions>("study", "design", "A plan of runs from factors and levels.", design, fields);
  c.description =
      "Makes a plan for `study run`: every combination of the factors' levels (or a fraction of a two-level factorial "
      "by "
      "generators), in randomised complete blocks, so that drift is not taken for an effect. Of a fraction it works "
      "out "
      "what cannot be told apart. --csv --output plan.csv writes the plan. With --spread (what runs of one kind vary "
      "by) "
      "and --difference it says how many repeats find that difference. The order comes from --seed.";
  c.verb = Verb::decide;
  c.papers = {9};
  c.emits = {"run.plan.v1"};
  const std::string example =
      "name = \"precision\"\ncommand = \"python train.py --precision {precision} --batch {batch} --seed {seed}\"\n"
      "repeats = 3\n\n[factors]\nprecision = [\"fp32\", \"bf16\"]\nbatch = [32, 128]\n";
  const std::string fraction =
      "command = \"./bench {cache} {threads} {pages} {clock}\"\nrepeats = 5\ngenerators = [\"clock = cache * threads * "
      "pages\"]\n\n[factors]\ncache = [\"off\", \"on\"]\nthreads = [1, 2]\npages = [\"4k\", \"2m\"]\nclock = [\"low\", "
      "\"high\"]\n";
  c.examples = {{{"precision.toml", "--spread", "3", "--difference", "5"},
                 {{"precision.toml", example}},
                 "Plan of 12 runs: precision"},
                {{"fraction.toml"}, {{"fraction.toml", fraction}}, "A fraction of resolution 4"}};
  return c;
}

}  // namespace wattline::study
