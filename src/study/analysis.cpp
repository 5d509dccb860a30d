#include "study/analysis.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "kernel/units.h"
#include "study/wording.h"

namespace wattline::study {
namespace {

// Draws in all that keep an answer under about a second.
constexpr std::size_t most_draws = 30'000'000;

double mean_of(const std::vector<Values>& g) { return moments(g[0]).mean; }

std::size_t affordable(std::size_t asked, std::size_t values) {
  const std::size_t possible = most_draws / std::max<std::size_t>(1, values);
  return possible < 200 ? 0 : std::min(asked, possible);
}

// Values farther than 3 MAD from the median taken away, where there are any.
std::vector<double> without_outliers(const Group& g, const Summary& s) {
  std::vector<double> kept;
  for (const double x : g.values)
    if (!(s.mad > 0) || std::abs(x - s.median) <= 3 * s.mad) kept.push_back(x);
  return kept;
}

void analyse_two(Analysis& a, const Context& context) {
  const Values first = a.data.groups[0].values, second = a.data.groups[1].values;
  const bool pairs = a.data.pairs;
  const double confidence = a.options.confidence;
  TwoGroups t;
  t.means = pairs ? paired(first, second, confidence) : welch(first, second, confidence);
  t.relative = relative_difference(first, second, pairs, confidence);
  t.effect = effect_size(first, second, pairs, confidence);
  t.ranks = pairs ? wilcoxon_signed_rank(first, second) : mann_whitney(first, second);
  t.shift = hodges_lehmann(first, second, pairs);
  t.delta = pairs ? std::nan("") : cliffs_delta(first, second);
  if (!pairs) t.pooled = student(first, second, confidence);
  t.detectable = t.means.no_test.empty() ? detectable(t.means, a.options.alpha, a.options.power) : std::nan("");
  if (!pairs && a.summaries[0].outliers + a.summaries[1].outliers > 0)
    t.without_outliers = welch(without_outliers(a.data.groups[0], a.summaries[0]),
                               without_outliers(a.data.groups[1], a.summaries[1]), confidence);
  if (a.resamples > 0) {
    const auto cancel = [&] { context.check_cancelled(); };
    std::vector<double> each;
    for (std::size_t i = 0; pairs && i < first.size(); ++i) each.push_back(second[i] - first[i]);
    if (pairs) {
      t.mean_difference =
          bootstrap({each}, mean_of, a.resamples, confidence, context.random("study mean difference"), cancel);
      t.median_difference = bootstrap(
          {each}, [](const std::vector<Values>& g) { return median(g[0]); }, a.resamples, confidence,
          context.random("study median difference"), cancel);
    } else {
      t.mean_difference = bootstrap(
          {first, second}, [](const std::vector<Values>& g) { return moments(g[1]).mean - moments(g[0]).mean; },
          a.resamples, confidence, context.random("study mean difference"), cancel);
      t.median_difference = bootstrap(
          {first, second}, [](const std::vector<Values>& g) { return median(g[1]) - median(g[0]); }, a.resamples,
          confidence, context.random("study median difference"), cancel);
      if (t.relative)
        t.relative_bootstrap = bootstrap(
            {first, second},
            [](const std::vector<Values>& g) {
              const double m = moments(g[0]).mean;
              return (moments(g[1]).mean - m) / std::abs(m);
            },
            a.resamples, confidence, context.random("study relative difference"), cancel);
    }
  }
  a.two = std::move(t);
}

void warn_of_groups(Analysis& a) {
  for (std::size_t g = 0; g < a.data.groups.size(); ++g) {
    const Group& group = a.data.groups[g];
    const Summary& s = a.summaries[g];
    if (a.data.left_out[g] > 0)
      a.warnings.push_back(fmt::format("'{}': {} missing value{} left out", group.name, a.data.left_out[g],
                                       a.data.left_out[g] == 1 ? "" : "s"));
    if (s.m.n < 5)
      a.warnings.push_back(fmt::format("'{}' has n = {}: take at least 5 runs a group, better 10", group.name, s.m.n));
    if (s.m.n > 1 && s.least == s.greatest)
      a.warnings.push_back(
          fmt::format("all {} values of '{}' are {}: is the meter's resolution too coarse, or a value repeated?", s.m.n,
                      group.name, with_unit(s.least, a.data.unit)));
    else if (s.m.n >= 10 && std::set<double>(group.values.begin(), group.values.end()).size() * 2 < s.m.n)
      a.warnings.push_back(
          fmt::format("over half of the values of '{}' are ties: is the meter's resolution too coarse?", group.name));
    if (s.outliers > 0)
      a.warnings.push_back(
          fmt::format("'{}' has {} value{} farther than 3 MAD from the median: kept{}", group.name, s.outliers,
                      s.outliers == 1 ? "" : "s",
                      a.two && a.two->without_outliers ? ", and the result without such values stands beside" : ""));
    const double spread = s.greatest - s.least;
    if (spread > 0 && std::max(std::abs(s.least), std::abs(s.greatest)) > 1e10 * spread)
      a.warnings.push_back(fmt::format(
          "the values of '{}' differ only after their tenth digit: rounding enters the result", group.name));
    const double r = lag_one_autocorrelation(group.values), n = static_cast<double>(s.m.n);
    if (s.m.n >= 10 && r > 2.33 / std::sqrt(n))
      a.warnings.push_back(fmt::format(
          "values of '{}' follow those before them (autocorrelation {}): as good as some {} independent ones. Samples "
          "of one run are no repetitions; name the column of the run with --replicate",
          group.name, format_number(r, 2), format_number(std::max(1.0, std::floor(n * (1 - r) / (1 + r))), 3)));
  }
}

void warn_of_tests(Analysis& a) {
  double least = HUGE_VAL, greatest = 0;
  for (const auto& s : a.summaries)
    if (s.m.n > 1) {
      least = std::min(least, s.m.sd());
      greatest = std::max(greatest, s.m.sd());
    }
  if (!a.data.pairs && a.spreads.no_test.empty() && a.spreads.p < a.options.alpha)
    a.warnings.push_back(fmt::format("the spreads differ (Brown-Forsythe {}; sd {} to {}): Welch's test allows for it",
                                     p_text(a.spreads.p), with_unit(least, a.data.unit, 3),
                                     with_unit(greatest, a.data.unit, 3)));
  const double alpha = a.options.alpha, main = a.main_p();
  const RankTest& ranks = a.two ? a.two->ranks : *a.ranks;
  if (ranks.no_test.empty() && !std::isnan(main) && (ranks.p < alpha) != (main < alpha))
    a.warnings.push_back(
        fmt::format("the test of ranks says otherwise ({}) than that of means ({}): look at the values before deciding",
                    p_text(ranks.p), p_text(main)));
  if (quantity_of(a.data.unit) == "power")
    a.warnings.push_back(
        "watts are not joules: less power for longer can use more energy; compare energy and time too");
}

}  // namespace

double Analysis::main_p() const {
  if (two) return two->means.p;
  return welch->no_test.empty() ? welch->p : classical->p;
}

Analysis analyse(Grouped data, const AnalysisOptions& options, const Context& context) {
  Analysis a;
  a.data = std::move(data);
  a.options = options;
  a.warnings = a.data.warnings;
  std::size_t values = 0;
  for (const auto& g : a.data.groups) {
    a.summaries.push_back(summarise(g.values, options.confidence));
    values += g.values.size();
  }
  a.resamples = affordable(options.resamples, values);
  if (a.resamples < options.resamples)
    a.warnings.push_back(
        a.resamples == 0
            ? fmt::format("no bootstrap of {} values: it would take long and tell no more", values)
            : fmt::format("{} bootstrap resamples of {} values, not {}", a.resamples, values, options.resamples));
  if (a.resamples > 0)
    for (std::size_t g = 0; g < a.data.groups.size(); ++g)
      a.mean_intervals.push_back(bootstrap({a.data.groups[g].values}, mean_of, a.resamples, options.confidence,
                                           context.random("study mean of " + a.data.groups[g].name),
                                           [&] { context.check_cancelled(); }));
  a.spreads = levene(a.data.groups);
  if (a.data.groups.size() == 2) {
    analyse_two(a, context);
    if (options.margin) a.equivalences.push_back(equivalence(a.two->means, *options.margin));
  } else {
    a.classical = anova(a.data.groups);
    a.welch = welch_anova(a.data.groups);
    a.ranks = kruskal_wallis(a.data.groups);
    a.pairs = pairwise(a.data.groups, options.confidence);
    if (options.margin)
      for (const Pair& p : a.pairs)
        if (p.a == 0) a.equivalences.push_back(equivalence(p.welch, *options.margin));
  }
  warn_of_groups(a);
  warn_of_tests(a);
  return a;
}

}  // namespace wattline::study
