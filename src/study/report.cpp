#include "study/report.h"

#include <cmath>

#include <fmt/format.h>

#include "kernel/units.h"
#include "study/wording.h"

namespace wattline::study {
namespace {

std::string level(const Analysis& a) { return format_number(100 * a.options.confidence, 4) + " %"; }

}  // namespace

Table summary_table(const Analysis& a) {
  const std::string& unit = a.data.unit;
  const std::string name = a.data.value_name.empty() ? "" : a.data.value_name + " ";
  Table t("study.summary.v1");
  t.title = "Groups";
  t.caption =
      fmt::format("{}{}; low and high: {} t interval of the mean{}; mad: median absolute deviation times 1.4826.", name,
                  unit.empty() ? "without a unit" : "in " + unit, level(a),
                  a.mean_intervals.empty() ? "" : fmt::format(", boot: BCa bootstrap, {} resamples", a.resamples));
  t.text("group").integer("n").number("mean", unit).number("low", unit).number("high", unit).number("sd", unit);
  t.number("median", unit).number("min", unit).number("max", unit).integer("outliers").integer("missing");
  t.number("mad", unit).number("q1", unit).number("q3", unit).number("boot_low", unit).number("boot_high", unit);
  t.number("geometric_mean", unit).number("cv");
  for (std::size_t g = 0; g < a.summaries.size(); ++g) {
    const Summary& s = a.summaries[g];
    const auto boot = [&](double Interval::*end) {
      return a.mean_intervals.empty() || s.m.n < 2 ? std::nan("") : a.mean_intervals[g].bca.*end;
    };
    t.add_row({a.data.groups[g].name, static_cast<std::int64_t>(s.m.n), s.m.mean, s.mean_interval.low,
               s.mean_interval.high, s.m.sd(), s.median, s.least, s.greatest, static_cast<std::int64_t>(s.outliers),
               static_cast<std::int64_t>(a.data.left_out[g]), s.mad, s.q1, s.q3, boot(&Interval::low),
               boot(&Interval::high), s.geometric_mean.value_or(std::nan("")), s.cv.value_or(std::nan(""))});
  }
  return t;
}

namespace {

struct Rows {
  Table tests{"study.tests.v1"}, estimates{"study.estimates.v1"};
  double none = std::nan("");

  Rows() {
    tests.text("test").text("question").number("statistic").number("df1").number("df2").number("p").text("remark");
    estimates.text("estimate").number("value").number("low").number("high").text("unit").text("remark");
  }
  void test(std::string name, std::string question, double statistic, double df1, double df2, double p,
            std::string remark = {}) {
    tests.add_row({std::move(name), std::move(question), statistic, df1, df2, p, std::move(remark)});
  }
  void estimate(std::string name, double value, Interval i, std::string unit, std::string remark = {}) {
    estimates.add_row({std::move(name), value, i.low, i.high, std::move(unit), std::move(remark)});
  }
  void test(std::string name, const MeanDifference& d) {
    test(std::move(name), "means differ?", d.t, d.df, none, d.p, d.no_test);
  }
};

std::string rank_remark(const RankTest& r) {
  if (!r.no_test.empty()) return r.no_test;
  return r.exact ? "exact" : r.ties ? "with ties" : "";
}

void two_group_rows(const Analysis& a, Rows& rows) {
  const TwoGroups& t = *a.two;
  const std::string& unit = a.data.unit;
  const double none = std::nan("");
  const bool pairs = a.data.pairs;
  const auto percent = [](const Interval& i) { return Interval{100 * i.low, 100 * i.high}; };
  rows.test(pairs ? "paired t" : "Welch t", t.means);
  if (!pairs) rows.test("Student t", t.pooled);
  if (t.without_outliers) rows.test("Welch t, unmarked values", *t.without_outliers);
  rows.test(pairs ? "Wilcoxon signed rank" : "Mann-Whitney U", "one tends to be larger?", t.ranks.statistic, none, none,
            t.ranks.p, rank_remark(t.ranks));

  rows.estimate("difference of means", t.means.difference, t.means.interval, unit, pairs ? "t of pairs" : "Welch");
  if (t.without_outliers)
    rows.estimate("difference, unmarked values", t.without_outliers->difference, t.without_outliers->interval, unit,
                  "Welch");
  if (t.mean_difference)
    rows.estimate("difference of means, bootstrap", t.mean_difference->value, t.mean_difference->bca, unit, "BCa");
  if (t.relative)
    rows.estimate("relative difference", 100 * t.relative->value, percent(t.relative->interval), "%", "Fieller");
  if (t.relative_bootstrap)
    rows.estimate("relative difference, bootstrap", 100 * t.relative_bootstrap->value,
                  percent(t.relative_bootstrap->bca), "%", "BCa");
  if (t.median_difference)
    rows.estimate(pairs ? "median difference, bootstrap" : "difference of medians, bootstrap",
                  t.median_difference->value, t.median_difference->percentile, unit, "percentile");
  if (std::isfinite(t.shift)) rows.estimate("shift", t.shift, {none, none}, unit, "Hodges-Lehmann");
  if (t.effect)
    rows.estimate("effect size g", t.effect->g, t.effect->interval, "",
                  pairs ? "Hedges, in sds of the differences" : "Hedges, in standard deviations");
  if (std::isfinite(t.delta)) rows.estimate("Cliff's delta", t.delta, {none, none}, "", "-1 .. 1");
  if (std::isfinite(t.detectable))
    rows.estimate("detectable difference", t.detectable, {none, none}, unit,
                  fmt::format("with {} % probability", format_number(100 * a.options.power, 3)));
}

Rows rows_of(const Analysis& a) {
  Rows rows;
  const double none = std::nan("");
  rows.tests.title = "Tests";
  rows.estimates.title = "Sizes";
  rows.estimates.caption = a.two ? fmt::format("Differences are {} less {}; low and high at {}.", a.data.groups[1].name,
                                               a.data.groups[0].name, level(a))
                                 : "";
  if (a.two) two_group_rows(a, rows);
  if (a.classical) {
    const Anova& c = *a.classical;
    rows.test("Welch ANOVA", "means differ?", a.welch->f, a.welch->df1, a.welch->df2, a.welch->p, a.welch->no_test);
    rows.test("one-way ANOVA", "means differ?", c.f, c.df_between, c.df_within, c.p, c.no_test);
    rows.test("Kruskal-Wallis H", "one tends to be larger?", a.ranks->statistic,
              static_cast<double>(a.data.groups.size() - 1), none, a.ranks->p, rank_remark(*a.ranks));
    if (c.no_test.empty()) {
      rows.estimate("eta squared", c.eta_squared, {none, none}, "", "share of variance explained, of this sample");
      rows.estimate("omega squared", c.omega_squared, {none, none}, "", "share of variance explained, less biased");
    }
  }
  if (!a.data.pairs)
    rows.test("Brown-Forsythe", "spreads differ?", a.spreads.f, a.spreads.df_between, a.spreads.df_within, a.spreads.p,
              a.spreads.no_test);
  for (std::size_t i = 0; i < a.equivalences.size(); ++i)
    rows.test("equivalence: " + a.data.groups[i + 1].name,
              fmt::format("within +-{}?", with_unit(a.equivalences[i].margin, a.data.unit, 3)), none, none, none,
              a.equivalences[i].p(), "two one-sided tests");
  return rows;
}

}  // namespace

Table tests_table(const Analysis& a) { return rows_of(a).tests; }
Table estimates_table(const Analysis& a) { return rows_of(a).estimates; }

Table pairs_table(const Analysis& a) {
  const std::string& unit = a.data.unit;
  Table t("study.pairs.v1");
  t.title = "Pairs";
  t.caption = fmt::format(
      "b less a; low, high and p_games_howell hold for all pairs together ({}); p_holm: Welch's t after Holm; p_tukey "
      "assumes equal spreads.",
      level(a));
  t.text("a")
      .text("b")
      .number("difference", unit)
      .number("low", unit)
      .number("high", unit)
      .number("relative", "%")
      .number("g");
  t.number("p_games_howell").number("p_holm").number("p_tukey");
  for (const Pair& p : a.pairs) {
    const double mean = a.summaries[p.a].m.mean;
    t.add_row({a.data.groups[p.a].name, a.data.groups[p.b].name, p.welch.difference, p.interval.low, p.interval.high,
               mean != 0 ? 100 * p.welch.difference / std::abs(mean) : std::nan(""),
               p.effect ? p.effect->g : std::nan(""), p.p_games_howell, p.p_holm, p.p_tukey});
  }
  return t;
}

Figure means_figure(const Analysis& a) {
  Figure f;
  f.kind = Figure::Kind::bar;
  f.title = fmt::format("Mean {} by group, with {} intervals", a.data.value_name.empty() ? "value" : a.data.value_name,
                        level(a));
  f.x.label = a.data.group_name;
  f.y = {a.data.value_name, a.data.unit};
  Figure::Trace trace{"mean", {}, {}, {}, {}};
  for (std::size_t g = 0; g < a.summaries.size(); ++g) {
    f.categories.push_back(a.data.groups[g].name);
    trace.x.push_back(static_cast<double>(g));
    trace.y.push_back(a.summaries[g].m.mean);
    trace.low.push_back(a.summaries[g].mean_interval.low);
    trace.high.push_back(a.summaries[g].mean_interval.high);
  }
  f.traces.push_back(std::move(trace));
  return f;
}

}  // namespace wattline::study
