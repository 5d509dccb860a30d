// How an evaluation is told: conclusions, curves, tables.
#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "policy/evaluate/evaluation.h"

namespace wattline::policy {
namespace {

double mean(const std::vector<double>& v) {
  return v.empty() ? 0 : std::accumulate(v.begin(), v.end(), 0.0) / static_cast<double>(v.size());
}

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }
std::string percent(const Interval& i) { return fmt::format("{:.1f} to {:.1f} %", 100 * i.low, 100 * i.high); }

Estimate<Ratio> with_interval(double value, const Interval& i, const Workload& w, Method method = Method::measured) {
  return Estimate<Ratio>::with_sd(Ratio(value), Ratio((i.high - i.low) / 3.92), method, w.name);
}

// Saving and quality as more and more prompts go to the large model, by the chosen ranking.
struct Sweep {
  std::vector<double> joules, quality, share_small, saving;
};
Sweep sweep(const Evaluation& e) {
  const Workload& w = *e.workload;
  std::vector<std::size_t> rows;
  for (const auto r : e.split.test)
    if (w.rows[r].answers.front().there() && w.rows[r].answers.back().there()) rows.push_back(r);
  const auto& score = e.rankings[e.chosen].score;
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return score[a] > score[b]; });
  const auto& small = e.energies.joules.front();
  const auto& large = e.energies.joules.back();
  double joules = 0, quality = 0, all_large = 0;
  for (const auto r : rows) joules += small[r], quality += w.rows[r].answers.front().quality, all_large += large[r];
  Sweep s;
  const double n = static_cast<double>(rows.size());
  for (std::size_t k = 0;; ++k) {
    s.joules.push_back(joules / n), s.quality.push_back(quality / n);
    s.share_small.push_back(1 - static_cast<double>(k) / n), s.saving.push_back(1 - joules / all_large);
    if (k == order.size()) return s;
    const auto r = rows[order[k]];
    joules += large[r] - small[r];
    quality += w.rows[r].answers.back().quality - w.rows[r].answers.front().quality;
  }
}

// Every k-th point is enough to draw.
Figure::Trace thinned(std::string name, const std::vector<double>& x, const std::vector<double>& y) {
  Figure::Trace t;
  t.name = std::move(name);
  const std::size_t step = std::max<std::size_t>(1, x.size() / 100);
  for (std::size_t i = 0; i < x.size(); ++i)
    if (i % step == 0 || i + 1 == x.size()) t.x.push_back(x[i]), t.y.push_back(y[i]);
  return t;
}

Figure share_figure(const Evaluation& e) {
  Figure f;
  f.title = "Quality by the share of calls to " + e.workload->models.back();
  f.x = {.label = "share of calls to the largest model"};
  f.y = {.label = "mean quality"};
  for (std::size_t k = 0; k < e.rankings.size(); ++k) {
    const Ranking& r = e.rankings[k];
    if (r.name.starts_with("text: ") && k != e.chosen) continue;
    f.traces.push_back(thinned(r.name, r.test.share, r.test.quality));
  }
  f.caption = "Test prompts only. Chance is the straight line; what lies above it is what a router knows.";
  return f;
}

Figure joule_figure(const Evaluation& e, const Sweep& s) {
  Figure f;
  f.kind = Figure::Kind::scatter;
  f.title = "Quality by energy a request";
  f.x = {.label = "energy a request", .unit = "J"};
  f.y = {.label = "mean quality"};
  f.traces.push_back(thinned(e.rankings[e.chosen].name, s.joules, s.quality));
  for (const auto& run : e.runs) f.traces.push_back({run.name, {mean(run.energy)}, {mean(run.quality)}, {}, {}});
  f.caption = "The curve moves the border between the smallest and the largest model.";
  return f;
}

Figure reliability_figure(const Evaluation& e) {
  Figure f;
  f.kind = Figure::Kind::scatter;
  f.title = "Reliability of the predicted quality";
  f.x = {.label = "predicted"};
  f.y = {.label = "observed"};
  Figure::Trace seen, perfect;
  seen.name = "test prompts", perfect.name = "perfect";
  for (const auto& b : e.reliability) {
    seen.x.push_back(b.predicted), seen.y.push_back(b.observed);
    seen.low.push_back(b.interval.low), seen.high.push_back(b.interval.high);
    perfect.x.push_back(b.predicted), perfect.y.push_back(b.predicted);
  }
  f.traces = {seen, perfect};
  return f;
}

Table ranking_table(const Evaluation& e) {
  Table t("policy.ranking.v1");
  t.title = "Who goes to the largest model first";
  t.text("ranking", "what prompts are ordered by")
      .number("held_out", "", "APGR of training prompts, predicted out of fold; feature sets are chosen by it")
      .number("apgr", "", "average performance gap recovered on test prompts; 0.5 at random")
      .number("low", "", "95 % interval of apgr")
      .number("high", "", "95 % interval of apgr")
      .number("at_half", "", "mean quality with half of the calls to the largest model")
      .number("cpt_50", "", "share of calls to the largest model that recovers 50 % of the gap")
      .number("cpt_80", "", "share of calls to the largest model that recovers 80 % of the gap")
      .text("by", "what it looks at");
  for (const auto& r : e.rankings)
    t.add_row({r.name, r.held_out, r.test.apgr, r.intervals.apgr.low, r.intervals.apgr.high, r.test.quality_at(0.5),
               r.test.cpt(0.5), r.test.cpt(0.8), r.note});
  t.caption = fmt::format("{} test prompts, {} to learn from; split by a hash of the prompt, equal prompts together.",
                          e.split.test.size(), e.split.train.size());
  return t;
}

Table run_table(const Evaluation& e) {
  const bool joules = e.energies.known;
  Table t("policy.evaluation.v1");
  t.title = "Algorithms on the recorded workload";
  t.text("algorithm")
      .number("quality", "", "mean over test prompts")
      .number("retained", "", "quality over that of always the largest")
      .number("retained_low", "", "95 % interval")
      .number("retained_high", "", "95 % interval");
  if (joules)
    t.number("energy", "J", "mean a request, failed attempts and shadow traffic included")
        .number("saving", "", "1 - energy / energy of always the largest")
        .number("saving_low", "", "95 % interval")
        .number("saving_high", "", "95 % interval");
  for (std::size_t k = 0; k < e.runs.size(); ++k) {
    const PolicyRun& r = e.runs[k];
    const AgainstLargest& a = e.compared[k];
    std::vector<Table::Cell> row = {r.name, mean(r.quality), a.retained, a.retained_interval.low,
                                    a.retained_interval.high};
    if (joules)
      for (const double v : {mean(r.energy), a.saving, a.saving_interval.low, a.saving_interval.high})
        row.emplace_back(v);
    t.add_row(std::move(row));
  }
  return t;
}

Table behaviour_table(const Evaluation& e) {
  Table t("policy.behaviour.v1");
  t.title = "How they chose";
  t.text("algorithm")
      .number("largest", "", "share of answers by the largest model")
      .number("agreement", "", "share answered by the cheapest model that was adequate (routing accuracy)")
      .number("regret", "", "mean quality below the best recorded answer")
      .number("lost", "", "share answered inadequately where the largest was adequate")
      .number("attempts", "", "mean number of models asked")
      .number("shadowed", "", "share that the largest answered too, for labels")
      .integer("drift_alarms", "", "of the squared error of predicted quality (Page-Hinkley)");
  for (std::size_t k = 0; k < e.runs.size(); ++k) {
    const PolicyRun& r = e.runs[k];
    std::vector<Table::Cell> row = {r.name};
    for (const double v : {r.share.back(), r.agreement, r.regret, r.lost, r.attempts, r.shadowed}) row.emplace_back(v);
    row.emplace_back(static_cast<std::int64_t>(r.drift_alarms));
    t.add_row(std::move(row));
  }
  return t;
}

Table identity_table(const Evaluation& e, const EvaluateOptions& o) {
  Table t("policy.saving.v1");
  t.title = "The saving identity and what was measured";
  t.text("algorithm")
      .number("small_share", "", "s: share of answers by the smallest model")
      .number("ratio", "", "r: energy of the smallest over the largest, same prompts")
      .number("overhead", "", "router and failed attempts, over the largest's energy")
      .number("identity", "", "1 - [(1 - h)(s r + (1 - s)) + overhead]")
      .number("measured", "", "saving on the test prompts")
      .number("difference", "", "measured - identity: which prompts went where");
  std::vector<double> ratio;
  double largest = mean(e.runs[1].energy);
  for (const auto& by_row : e.energies.joules) {
    double sum = 0, n = 0;
    for (const auto r : e.split.test)
      if (!std::isnan(by_row[r])) sum += by_row[r], ++n;
    ratio.push_back(n > 0 ? sum / n / largest : 1);
  }
  for (std::size_t k = 3; k < e.runs.size(); ++k) {
    const PolicyRun& r = e.runs[k];
    // What was spent beside the answers that stayed.
    double answers = 0;
    for (std::size_t i = 0; i < r.answered_by.size(); ++i)
      answers += e.energies.joules[static_cast<std::size_t>(r.answered_by[i])][e.split.test[i]];
    const double overhead = mean(r.energy) / largest - answers / static_cast<double>(r.answered_by.size()) / largest;
    const double identity = saving_identity(0, r.share, ratio, overhead);
    t.add_row({r.name, r.share.front(), ratio.front(), overhead, identity, e.compared[k].saving,
               e.compared[k].saving - identity});
  }
  t.caption = fmt::format(
      "h = 0 here, so that no cache hit counts as routing; {} of the test prompts were asked before, word for word. "
      "Of more than two models the sum of s r over all of them.{}",
      percent(e.cache_hits), o.router > 0 ? "" : " The router's own energy is not counted: give --router-energy.");
  return t;
}

Table reliability_table(const Evaluation& e) {
  Table t("policy.reliability.v1");
  t.title = "Reliability";
  t.number("predicted", "", "mean predicted quality in the bin")
      .number("observed", "", "mean observed")
      .number("low", "", "95 % interval of observed (Wilson)")
      .number("high", "", "95 % interval of observed (Wilson)")
      .integer("n", "", "predictions in the bin");
  for (const auto& b : e.reliability)
    t.add_row({b.predicted, b.observed, b.interval.low, b.interval.high, static_cast<std::int64_t>(b.n)});
  t.caption = fmt::format(
      "Calibration error {:.4f} on test prompts (95 % {:.4f} to {:.4f}), {:.4f} on training prompts out of fold. True "
      "probabilities would show {:.4f} at this number of test prompts.",
      e.test_calibration.ece, e.test_calibration.interval.low, e.test_calibration.interval.high,
      e.held_out_calibration.ece, e.noise_floor);
  return t;
}

Table off_policy_table(const Evaluation& e, const EvaluateOptions& o) {
  Table t("policy.off_policy.v1");
  t.title = fmt::format("cheapest_adequate at {}, told from a log of even chances", o.min_quality);
  t.text("estimator")
      .number("value", "", "mean quality")
      .number("low", "", "95 % interval")
      .number("high", "", "95 % interval");
  const std::pair<const char*, const PolicyValue*> rows[] = {{"inverse propensity", &e.off_policy.ips},
                                                             {"self-normalised", &e.off_policy.self_normalised},
                                                             {"doubly robust", &e.off_policy.doubly_robust}};
  for (const auto& [name, v] : rows) t.add_row({name, v->value, v->interval.low, v->interval.high});
  t.add_row({"replayed", e.replayed, std::monostate(), std::monostate()});
  t.caption = fmt::format("Effective sample size {:.0f} of {} rows, largest weight {:.2f}.", e.off_policy.effective_n,
                          e.split.test.size(), e.off_policy.largest_weight);
  return t;
}

void conclude(const Evaluation& e, const Sweep& s, Result& r) {
  const Workload& w = *e.workload;
  const Ranking& best = e.rankings[e.chosen];
  r.note(fmt::format(
      "{} answers {} of the test prompts well, {} {}. Ranked by the text alone, a router recovers {:.2f} "
      "of that gap on average over all shares of calls (95 % {:.2f} to {:.2f}; 0.5 at random); half of "
      "the calls to {} give {}.",
      w.models.front(), percent(best.test.weak), w.models.back(), percent(best.test.strong), best.test.apgr,
      best.intervals.apgr.low, best.intervals.apgr.high, w.models.back(), percent(best.test.quality_at(0.5))));
  if (best.intervals.apgr.low <= 0.5)
    r.warn("the interval holds 0.5: on these prompts the router is not to be told from chance");
  if (e.energies.known && e.runs.size() > 3) {
    // The algorithm that saves most among those that keep 98 %, else the one that keeps most.
    std::size_t at = 3;
    for (std::size_t k = 4; k < e.runs.size(); ++k) {
      const bool keeps = e.compared[k].retained >= 0.98, held = e.compared[at].retained >= 0.98;
      if (keeps && held ? e.compared[k].saving > e.compared[at].saving
                        : keeps || (!held && e.compared[k].retained > e.compared[at].retained))
        at = k;
    }
    const auto& a = e.compared[at];
    r.note(fmt::format(
        "{} uses {} less energy than always {} (95 % {}) and keeps {} of its quality (95 % {}). The "
        "oracle, which knows the outcomes, would save {} at {}.",
        e.runs[at].name, percent(a.saving), w.models.back(), percent(a.saving_interval), percent(a.retained),
        percent(a.retained_interval), percent(e.compared[2].saving), percent(e.compared[2].retained)));
    // Where the published quality falls on this curve.
    for (std::size_t k = 0; k < s.quality.size(); ++k)
      if (s.quality[k] >= 0.936 * s.quality.back()) {
        r.note(
            fmt::format("93.6 % of the largest model's quality, the figure of Yuvarani et al. (arXiv 2602.22261) on "
                        "prompts and models of theirs, falls here at a saving of {}, with {} of the calls to {}.",
                        percent(s.saving[k]), percent(s.share_small[k]), w.models.front()));
        break;
      }
  }
}

}  // namespace

Result tell(const Evaluation& e, const EvaluateOptions& o) {
  const Workload& w = *e.workload;
  const Ranking& best = e.rankings[e.chosen];
  Result r;
  r.title = fmt::format("Routing on {}: {} prompts, {} models", w.name.substr(w.name.rfind('/') + 1), w.rows.size(),
                        w.models.size());
  const Sweep s = sweep(e);
  conclude(e, s, r);
  auto apgr = with_interval(best.test.apgr, best.intervals.apgr, w);
  apgr.raw().set_signed();  // a router may do worse than always the smallest
  r.estimate("apgr", "Average gap recovered", apgr, {}, best.name + ", test prompts");
  r.estimate("calibration_error", "Calibration error",
             with_interval(e.test_calibration.ece, e.test_calibration.interval, w), {}, "of the predicted quality");
  r.add(share_figure(e));
  r.add(ranking_table(e));
  if (e.energies.known) r.add(joule_figure(e, s));
  r.add(run_table(e));
  r.add(behaviour_table(e));
  if (e.energies.known) r.add(identity_table(e, o));
  r.add(reliability_figure(e));
  r.add(reliability_table(e));
  r.add(off_policy_table(e, o));
  if (!e.encoder.empty()) r.note("Neighbours were found by the encoder " + e.encoder + ".");
  for (const auto& why : e.left_out) r.warn(why);
  if (!e.energies.known)
    r.warn(
        fmt::format("no joules: the workload records none and --energy does not name every model; algorithms took the "
                    "models in the file's order ({} first) for their cost",
                    w.models.front()));
  else if (!e.energies.recorded)
    r.note(
        "Energy is modelled: prompt and answer tokens times the joules a token of --energy where the workload records "
        "none.");
  if (e.energies.assumed_output)
    r.note(fmt::format("The workload records no answer lengths: {:.0f} tokens an answer were taken (--output-tokens).",
                       o.output_tokens));
  return r;
}

}  // namespace wattline::policy
