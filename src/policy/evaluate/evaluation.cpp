#include "policy/evaluate/evaluation.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>

#include "kernel/error.h"
#include "text/find_encoder.h"

namespace wattline::policy {
namespace {

template <class F>
std::vector<double> values(const std::vector<std::size_t>& rows, F value) {
  std::vector<double> out;
  for (const auto r : rows) out.push_back(value(r));
  return out;
}

struct Pair {
  std::vector<std::size_t> rows;
  std::vector<double> weak, strong;
};
// Rows that both the smallest and the largest model answered.
Pair pair_of(const Workload& w, const std::vector<std::size_t>& rows) {
  Pair p;
  for (const auto r : rows)
    if (w.rows[r].answers.front().there() && w.rows[r].answers.back().there()) {
      p.rows.push_back(r);
      p.weak.push_back(w.rows[r].answers.front().quality);
      p.strong.push_back(w.rows[r].answers.back().quality);
    }
  return p;
}

// Mean gain of each domain in the training rows, shrunk towards the mean of all: what a router would know that is told
// the true domain.
std::vector<double> told_domain(const Workload& w, const Pair& train, const Pair& test) {
  std::map<std::string_view, std::pair<double, double>> by_domain;
  double mean = 0;
  for (std::size_t i = 0; i < train.rows.size(); ++i) {
    const double gain = train.strong[i] - train.weak[i];
    auto& [sum, n] = by_domain[w.rows[train.rows[i]].domain];
    sum += gain, ++n, mean += gain / static_cast<double>(train.rows.size());
  }
  return values(test.rows, [&](std::size_t r) {
    const auto found = by_domain.find(w.rows[r].domain);
    return found == by_domain.end() ? mean : (found->second.first + 10 * mean) / (found->second.second + 10);
  });
}

void rank(Evaluation& e, const CrossFitted& crossed, const EvaluateOptions& o, Context& context,
          std::vector<QualityPredictions>& predictions) {
  const Workload& w = *e.workload;
  const Pair train = pair_of(w, e.split.train), test = pair_of(w, e.split.test);
  if (test.rows.size() < 2)
    throw bad_input("fewer than two test prompts were answered by both the smallest and the largest model", w.name);
  const auto n = static_cast<std::size_t>(o.resamples);
  const auto add = [&](std::string name, std::string note, std::vector<double> score, double held_out) {
    context.check_cancelled();
    Ranking& r = e.rankings.emplace_back();
    r.name = std::move(name), r.note = std::move(note), r.held_out = held_out;
    r.test = trade_off(score, test.weak, test.strong);
    r.intervals = trade_off_intervals(score, test.weak, test.strong, n, context.seed);
    r.score = std::move(score);
  };
  double best = -INFINITY;
  const std::string_view notes[] = {"length, layout, kinds of characters", "words, pairs and pieces of words",
                                    "topic that the text seems to be of", "training prompts nearest in meaning",
                                    "all of these, stacked"};
  for (const FeatureSet set :
       {FeatureSet::shape, FeatureSet::words, FeatureSet::topics, FeatureSet::neighbours, FeatureSet::all}) {
    if (set == FeatureSet::topics && !w.has_domains) continue;
    if (set == FeatureSet::neighbours && !crossed.neighbours) continue;
    predictions.push_back(predict_quality(w, e.split, crossed, set));
    const auto& q = predictions.back().quality;
    const auto gain = [&](std::size_t r) { return q.back()[r] - q.front()[r]; };
    const double area = trade_off(values(train.rows, gain), train.weak, train.strong).apgr;
    add("text: " + std::string(to_string(set)), std::string(notes[static_cast<std::size_t>(set)]),
        values(test.rows, gain), area);
    if (area > best) best = area, e.chosen = e.rankings.size() - 1, e.features = set;
  }
  const auto length = [&](std::size_t r) { return static_cast<double>(w.rows[r].prompt.size()); };
  add("length alone", "the longer, the larger the model", values(test.rows, length),
      trade_off(values(train.rows, length), train.weak, train.strong).apgr);
  if (w.has_domains) add("told the domain", "knows what a router does not", told_domain(w, train, test), std::nan(""));
  std::vector<double> chance(test.rows.size(), 0.0), oracle(test.rows.size());
  for (std::size_t i = 0; i < oracle.size(); ++i) oracle[i] = test.strong[i] - test.weak[i];
  add("chance", "expected value", std::move(chance), std::nan(""));
  add("oracle", "knows the outcomes", std::move(oracle), std::nan(""));
}

void calibrate(Evaluation& e, const QualityPredictions& p, Context& context) {
  const auto gather = [&](const std::vector<std::size_t>& rows, std::vector<double>& predicted,
                          std::vector<double>& observed) {
    for (std::size_t m = 0; m < p.quality.size(); ++m)
      for (const auto r : rows)
        if (const auto& a = e.workload->rows[r].answers[m]; a.there())
          predicted.push_back(p.quality[m][r]), observed.push_back(a.quality);
  };
  std::vector<double> predicted, observed, held_predicted, held_observed;
  gather(e.split.test, predicted, observed);
  gather(e.split.train, held_predicted, held_observed);
  e.test_calibration = calibration_error(predicted, observed, 10, 1000, context.seed);
  e.held_out_calibration = calibration_error(held_predicted, held_observed, 10, 200, context.seed);
  e.reliability = reliability(predicted, observed, 10);
  auto random = context.random("noise floor");
  for (int k = 0; k < 20; ++k) {
    for (std::size_t i = 0; i < observed.size(); ++i)
      observed[i] = static_cast<double>(random() >> 11) * 0x1p-53 < predicted[i];
    e.noise_floor += calibration_error(predicted, observed, 10, 0).ece / 20;
  }
}

struct Named {
  std::string name;
  std::unique_ptr<Selector> selector;
};
std::vector<Named> selectors(const EvaluateOptions& o, const Workload& w, std::size_t features,
                             std::vector<std::string>& left_out) {
  std::vector<std::string> texts = o.algorithms;
  if (texts.empty()) texts = {"cheapest_adequate", "adaptive", "thompson", "linucb", "cascade"};
  std::vector<Named> out;
  for (const auto& text : texts) {
    Json json;
    std::string type = text;
    if (text.starts_with('{')) {
      const Json given = parse_json(text, "algorithm");
      type = given.at("type").as_string();
      for (const auto& [key, value] : given.as_object())
        if (key != "type") json.set(key, value);
    }
    if (type == "cheapest_adequate" && !json.find("min_quality")) json.set("min_quality", o.min_quality);
    if (type == "linucb" && !json.find("features"))
      json.set("features", static_cast<std::int64_t>(std::min<std::size_t>(features, 255)));
    auto made = make_selector(type, json, "algorithm");
    if (type == "cascade" && !w.has_evidence) {
      left_out.push_back(
          "cascade: the workload records nothing that an answer could be verified by (format, "
          "log-probability, margin, votes)");
      continue;
    }
    out.push_back({text.size() <= 40 ? text : type, std::move(made)});
  }
  return out;
}

// A log of even chances judges an algorithm that it did not follow; its replay tells how well that went.
void judge_off_policy(Evaluation& e, const ReplayWorld& world, const EvaluateOptions& o, Context& context) {
  const auto judged = make_selector("cheapest_adequate", Json::Object{{"min_quality", o.min_quality}}, "");
  const auto logger = make_selector("weighted", {}, "");
  const std::size_t models = e.workload->models.size();
  auto random = context.random("off-policy log");
  std::vector<Prediction> predictions(models);
  std::vector<double> scores(models), chances(models);
  std::vector<LoggedChoice> log;
  for (const auto row : world.rows) {
    Situation s;
    predict_row(world, row, predictions, s);
    const Choice c = logger->choose(predictions, s, random, scores);
    if (c.candidate < 0) continue;
    judged->weigh(predictions, s, scores, chances);
    const auto m = static_cast<std::size_t>(c.candidate);
    LoggedChoice l{e.workload->rows[row].answers[m].quality, c.propensity, chances[m], predictions[m].quality, 0};
    for (std::size_t k = 0; k < models; ++k) {
      l.predicted_target += chances[k] * predictions[k].quality;
      e.replayed += chances[k] > 0 ? chances[k] * e.workload->rows[row].answers[k].quality : 0;
    }
    log.push_back(l);
  }
  e.off_policy = off_policy(log, 0, static_cast<std::size_t>(o.resamples), context.seed);
  e.replayed /= static_cast<double>(log.size());
}

}  // namespace

Evaluation evaluate_workload(const Workload& w, const EvaluateOptions& o, Context& context) {
  Evaluation e;
  e.workload = &w;
  e.split = split_by_prompt(w, static_cast<std::uint64_t>(o.folds));
  const auto answered = [&](std::vector<std::size_t>& rows) {
    std::erase_if(rows, [&](std::size_t r) {
      return std::none_of(w.rows[r].answers.begin(), w.rows[r].answers.end(), [](const auto& a) { return a.there(); });
    });
  };
  answered(e.split.train), answered(e.split.test);
  if (e.split.test.size() < 5 || e.split.train.size() < 20)
    throw bad_input(fmt::format("{} prompts to learn from and {} to test on; at least 20 and 5 are needed",
                                e.split.train.size(), e.split.test.size()),
                    w.name);
  e.energies = energies_of(w, e.split, parse_energies(o.energy, w), o.output_tokens);
  std::vector<std::string> left_out;
  auto all = selectors(o, w, TextStage::width_of(w.models.size()), left_out);
  e.left_out = std::move(left_out);

  TextStageFit fit;
  fit.adequate = o.adequate;
  std::shared_ptr<const Neighbours> neighbours;
  if (o.encoder) {
    const text::FoundEncoder found = text::find_encoder();
    e.encoder = fmt::format("{} ({}; {})", found.encoder->name(), found.encoder->limits(), found.origin);
    neighbours = std::make_shared<Neighbours>(found.encoder, w, [&](double done) {
      context.check_cancelled();
      context.progress(0.6 * done, "reading prompts with the sentence encoder");
    });
  }
  const double begun = o.encoder ? 0.6 : 0;
  const CrossFitted crossed = cross_fit(
      w, e.split, fit, 5,
      [&](double done) {
        context.check_cancelled();
        context.progress(begun + (0.8 - begun) * done, "learning what the text tells");
      },
      neighbours);
  std::vector<QualityPredictions> predictions;
  context.progress(0.8, "feature sets");
  rank(e, crossed, o, context, predictions);
  const QualityPredictions& best = predictions[e.chosen];
  calibrate(e, best, context);

  const ReplayWorld world = replay_world(w, e.split, best, crossed, e.energies, o.adequate);
  e.runs = {replay_always(world, 0), replay_always(world, w.largest()), replay_oracle(world)};
  double largest = 0;
  for (const double j : e.runs[1].energy) largest += j / static_cast<double>(e.runs[1].energy.size());
  // Joules of the router mean nothing beside places in an order.
  const double router = e.energies.known ? o.router : 0;
  e.overhead = largest > 0 ? router / largest : 0;
  for (std::size_t k = 0; k < all.size(); ++k) {
    context.progress(0.85 + 0.15 * static_cast<double>(k) / static_cast<double>(all.size()), all[k].name);
    e.runs.push_back(replay(world, *all[k].selector, all[k].name,
                            {o.feedback, o.shadow, router, {o.stop, StopRule::default_threshold(o.stop)}, context.seed},
                            [&] { context.check_cancelled(); }));
  }
  for (const auto& run : e.runs)
    e.compared.push_back(against(run, e.runs[1], static_cast<std::size_t>(o.resamples), context.seed));
  judge_off_policy(e, world, o, context);
  std::set<std::string_view> seen;
  for (const auto r : e.split.test)
    e.cache_hits += !seen.insert(w.rows[r].prompt).second / static_cast<double>(e.split.test.size());
  return e;
}

}  // namespace wattline::policy
