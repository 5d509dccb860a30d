#include "study/compare.h"

#include <cmath>

#include <fmt/format.h>

#include "kernel/csv_cell.h"
#include "kernel/error.h"
#include "kernel/units.h"
#include "study/analysis.h"
#include "study/report.h"
#include "study/wording.h"

namespace wattline::study {
namespace {

// The margin in the unit of the values.
double margin_of(const std::string& text, const Grouped& data) {
  const auto refuse = [&](const std::string& why) {
    return bad_input(fmt::format("'{}' is no margin: {}", text, why), "equivalence",
                     fmt::format("give a percentage of the reference's mean (\"2 %\") or an amount{}",
                                 data.unit.empty() ? "" : " in " + data.unit));
  };
  std::string_view trimmed = csv::trimmed(text);
  double margin = 0;
  if (trimmed.ends_with('%')) {
    const auto percent = csv::read_number(csv::trimmed(trimmed.substr(0, trimmed.size() - 1)));
    if (!percent) throw refuse("a number must stand before '%'");
    const double mean = moments(data.groups[0].values).mean;
    if (mean == 0)
      throw refuse(fmt::format("the mean of '{}' is 0, of which there is no percentage", data.groups[0].name));
    margin = std::abs(mean) * *percent / 100;
  } else if (const auto plain = csv::read_number(trimmed)) {
    margin = *plain;
  } else {
    if (data.unit.empty()) throw refuse("the values have no unit");
    Unit unit;
    try {
      unit = parse_unit(data.unit);
    } catch (const Error&) {
      throw refuse(fmt::format("the values are in '{}', which cannot be converted", data.unit));
    }
    margin = parse_quantity(trimmed, unit.dimension) / unit.scale;
  }
  if (!(margin > 0) || !std::isfinite(margin)) throw refuse("it must be over 0");
  return margin;
}

// One group alone is no selection: "a,b" names two.
std::vector<std::string> listed(const std::vector<std::string>& groups) {
  if (groups.size() != 1) return groups;
  std::vector<std::string> out;
  for (std::size_t begin = 0; begin <= groups[0].size();) {
    const std::size_t end = std::min(groups[0].find(',', begin), groups[0].size());
    if (const auto name = csv::trimmed(std::string_view(groups[0]).substr(begin, end - begin)); !name.empty())
      out.emplace_back(name);
    begin = end + 1;
  }
  return out;
}

const Fields<CompareOptions>& compare_fields() {
  static const auto fields =
      Fields<CompareOptions>()
          .file("data", &CompareOptions::data, "CSV file: a column of values and one of groups, or one column a group")
          .required()
          .positional()
          .text("value", &CompareOptions::value, "column of the values to compare")
          .text("group", &CompareOptions::group,
                "column that tells the groups apart; label:NAME for a label of run records")
          .list("groups", &CompareOptions::groups,
                "only these groups (or columns, where each is a group), the reference first: \"a,b\"")
          .text("reference", &CompareOptions::reference, "group that the others are compared with (default: the first)")
          .text("replicate", &CompareOptions::replicate, "column of the run: rows of one run count once, by their mean")
          .flag("paired", &CompareOptions::paired, "the values of two groups are pairs, by row or by order")
          .text("pair", &CompareOptions::pair, "column that tells which values are a pair")
          .text("equivalence", &CompareOptions::equivalence,
                "ask whether the difference lies within this margin: \"2 %\" of the reference, or an amount")
          .number("confidence", &CompareOptions::confidence, "of the intervals, as a share")
          .range(0.5, 0.9999)
          .number("alpha", &CompareOptions::alpha,
                  "how often a test may be wrong where there is no difference (default: 1 - confidence)")
          .range(0.0001, 0.5)
          .number("power", &CompareOptions::power, "probability for the detectable difference")
          .range(0.5, 0.99)
          .integer("bootstrap", &CompareOptions::bootstrap, "resamples of the bootstrap; 0: none")
          .range(0, 1'000'000);
  return fields;
}

}  // namespace

Result compare(const CompareOptions& o, Context& context) {
  const Table table = read_csv(o.data.read(), o.data.name());
  Grouped data =
      grouped(table, {o.value, o.group, listed(o.groups), o.reference, o.replicate, o.pair, o.paired}, o.data.name());
  AnalysisOptions options;
  options.confidence = o.confidence;
  options.alpha = o.alpha.value_or(1 - o.confidence);
  options.power = o.power;
  options.resamples = static_cast<std::size_t>(o.bootstrap);
  if (!o.equivalence.empty()) options.margin = margin_of(o.equivalence, data);
  const Analysis a = analyse(std::move(data), options, context);

  Result r;
  r.title = fmt::format("Comparison of {} group{}: {}", a.data.groups.size(), a.data.groups.size() == 1 ? "" : "s",
                        a.data.reading);
  for (auto& sentence : conclusions(a)) r.note(std::move(sentence));
  r.add(means_figure(a));
  r.add(summary_table(a));
  if (!a.pairs.empty()) r.add(pairs_table(a));
  if (Table estimates = estimates_table(a); estimates.rows() > 0) r.add(std::move(estimates));
  r.add(tests_table(a));
  for (const auto& w : a.warnings) r.warn(w);
  r.verdict = equivalence_verdict(a);
  return r;
}

Capability compare_capability() {
  Capability c = capability<CompareOptions>("study", "compare",
                                            "Whether groups of runs differ, by how much, and how sure that is.",
                                            &compare, compare_fields());
  c.description =
      "Reads a CSV file with one value a run and says in words whether the groups differ. Two groups: Welch's t test, "
      "the "
      "difference and the relative difference (Fieller's interval), Hedges' g (non-central t), Mann-Whitney, "
      "Hodges-Lehmann, "
      "BCa bootstrap intervals; or the paired forms. More groups: Welch's and classical analysis of variance, omega "
      "squared, "
      "Kruskal-Wallis, and all pairs after Games and Howell, with Holm and Tukey beside. With --equivalence the "
      "question is "
      "yes or no (two one-sided tests), and the answer decides the exit code. \"Not significant\" is never called \"no "
      "difference\": the difference that could have been detected stands beside it. The run is what is repeated, not "
      "the sample "
      "inside it: rows of one run are averaged with --replicate, and samples that follow one another are warned of. "
      "Units come "
      "from the header (\"energy [J]\", or a name such as energy_j). Outliers are marked and kept. The seed of the "
      "bootstrap is "
      "the program's --seed.";
  c.verb = Verb::decide;
  c.papers = {9};
  c.consumes = {"run.records.v1"};
  c.emits = {"study.summary.v1", "study.estimates.v1", "study.tests.v1", "study.pairs.v1"};
  const std::string two =
      "precision,energy [J]\nfp32,1021\nfp32,1034\nfp32,1009\nfp32,1027\nfp32,1040\nfp32,1018\n"
      "bf16,894\nbf16,911\nbf16,902\nbf16,889\nbf16,915\nbf16,899\n";
  const std::string three =
      "run,model,energy "
      "[J]\n1,base,210\n2,base,214\n3,base,209\n4,base,215\n5,base,212\n6,int8,188\n7,int8,191\n8,int8,186\n"
      "9,int8,190\n10,int8,187\n11,pruned,211\n12,pruned,208\n13,pruned,213\n14,pruned,216\n15,pruned,210\n";
  const std::string wide = "before [kWh],after [kWh]\n4.1,3.9\n5.0,4.7\n3.8,3.7\n4.6,4.2\n5.2,5.1\n4.4,4.1\n";
  c.examples = {
      {{"runs.csv", "--value", "energy", "--group", "precision"},
       {{"runs.csv", two}},
       "bf16 uses 12 % less energy than fp32"},
      {{"models.csv", "--value", "energy", "--group", "model", "--reference", "base"},
       {{"models.csv", three}},
       "Not to be told from base: pruned"},
      {{"rooms.csv", "--paired"}, {{"rooms.csv", wide}}, "n = 6 pairs"},
      {{"models.csv", "--value", "energy", "--group", "model", "--groups", "base,pruned", "--equivalence", "3 %"},
       {{"models.csv", three}},
       "yes: pruned is equivalent to base"}};
  return c;
}

}  // namespace wattline::study
