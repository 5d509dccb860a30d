#include "policy/evaluate/replay.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <tuple>

#include "policy/evaluate/drift.h"
#include "study/summary.h"

namespace wattline::policy {
namespace {

double unit(std::mt19937_64& random) { return static_cast<double>(random() >> 11) * 0x1p-53; }

// The cheapest adequate answer of a row; else the cheapest.
int cheapest_adequate(const ReplayWorld& world, std::size_t row) {
  int best = -1, cheapest = -1;
  const auto& answers = world.workload->rows[row].answers;
  const auto joules = [&](int m) { return world.energies->joules[static_cast<std::size_t>(m)][row]; };
  for (int m = 0; m < static_cast<int>(answers.size()); ++m) {
    const RecordedAnswer& a = answers[static_cast<std::size_t>(m)];
    if (!a.there()) continue;
    if (cheapest < 0 || joules(m) < joules(cheapest)) cheapest = m;
    if (a.quality >= world.adequate && (best < 0 || joules(m) < joules(best))) best = m;
  }
  return best >= 0 ? best : cheapest;
}

// Adds one answered row to the books.
void settle(const ReplayWorld& world, std::size_t row, int model, double energy, PolicyRun& run) {
  const auto& answers = world.workload->rows[row].answers;
  const double quality = answers[static_cast<std::size_t>(model)].quality;
  const double n = static_cast<double>(world.rows.size());
  run.quality.push_back(quality);
  run.energy.push_back(energy);
  run.answered_by.push_back(model);
  run.share[static_cast<std::size_t>(model)] += 1 / n;
  run.agreement += (model == cheapest_adequate(world, row)) / n;
  double best = 0;
  for (const auto& a : answers)
    if (a.there()) best = std::max(best, a.quality);
  run.regret += (best - quality) / n;
  const RecordedAnswer& large = answers.back();
  run.lost += (large.there() && large.quality >= world.adequate && quality < world.adequate) / n;
}

PolicyRun begun(const ReplayWorld& world, std::string name) {
  PolicyRun run;
  run.name = std::move(name);
  run.share.assign(world.workload->models.size(), 0);
  return run;
}

}  // namespace

ReplayWorld replay_world(const Workload& w, const Split& split, const QualityPredictions& predictions,
                         const CrossFitted& crossed, const Energies& energies, double adequate) {
  ReplayWorld world{&w, split.test, &predictions, &crossed, {}, &energies, adequate};
  for (std::size_t m = 0; m < w.models.size(); ++m) {
    std::vector<double> predicted, observed;
    for (const auto r : split.train)
      if (const RecordedAnswer& a = w.rows[r].answers[m]; a.there()) {
        predicted.push_back(predictions.quality[m][r]);
        observed.push_back(a.quality);
      }
    world.lower.emplace_back().fit(predicted, observed);
  }
  return world;
}

void predict_row(const ReplayWorld& world, std::size_t row, std::span<Prediction> out, Situation& situation) {
  const Workload& w = *world.workload;
  for (std::size_t m = 0; m < w.models.size(); ++m) {
    Prediction& p = out[m] = {};
    p.model = w.models[m];
    p.able = w.rows[row].answers[m].there();
    if (!p.able) p.unable_because = "did not answer this prompt when it was recorded";
    p.quality = world.predictions->quality[m][row];
    p.quality_low = std::min(p.quality, world.lower[m](p.quality));
    p.energy = world.energies->expected[m][row];
    p.output_tokens = world.energies->mean_output[m];
  }
  situation = {};
  situation.domain = world.crossed->topic[row];
  situation.prompt_tokens = static_cast<std::int64_t>(w.rows[row].prompt_tokens);
  situation.features = std::span(world.crossed->x).subspan(row * world.crossed->width, world.crossed->width);
}

PolicyRun replay(const ReplayWorld& world, Selector& selector, std::string name, const ReplayOptions& o,
                 const std::function<void()>& between) {
  PolicyRun run = begun(world, std::move(name));
  const Workload& w = *world.workload;
  std::mt19937_64 random(o.seed), aside(o.seed + 1);
  std::vector<Prediction> predictions(w.models.size());
  std::vector<double> scores(w.models.size());
  PageHinkley drift;
  for (const std::size_t row : world.rows) {
    if (between) between();
    Situation situation;
    predict_row(world, row, predictions, situation);
    const Choice choice = selector.choose(predictions, situation, random, scores);
    // A policy may refuse to choose; a gateway then answers an error, here the largest stands in.
    int model = choice.candidate;
    if (model < 0) model = static_cast<int>(w.largest());
    const auto& answers = w.rows[row].answers;
    double energy = o.router + world.energies->joules[static_cast<std::size_t>(model)][row];
    double attempts = 1;
    for (const int next : choice.escalation) {
      if (judge(o.stop, answers[static_cast<std::size_t>(model)].evidence) == Verdict::accept) break;
      model = next;
      energy += world.energies->joules[static_cast<std::size_t>(model)][row];
      ++attempts;
    }
    const bool small = model != static_cast<int>(w.largest()) && answers.back().there();
    if (small && o.shadow > 0 && unit(aside) < o.shadow) {
      energy += world.energies->joules[w.largest()][row];
      run.shadowed += 1 / static_cast<double>(world.rows.size());
    }
    run.attempts += attempts / static_cast<double>(world.rows.size());
    settle(world, row, model, energy, run);
    if (unit(aside) >= o.feedback) continue;
    Feedback f;
    f.candidate = model;
    f.propensity = choice.propensity;
    f.quality = run.quality.back();
    f.energy = energy;
    f.output_tokens = answers[static_cast<std::size_t>(model)].output_tokens;
    f.latency = answers[static_cast<std::size_t>(model)].seconds;
    selector.learn(predictions, situation, f);
    const double miss = f.quality - predictions[static_cast<std::size_t>(model)].quality;
    run.drift_alarms += drift.add(miss * miss);
  }
  return run;
}

PolicyRun replay_always(const ReplayWorld& world, std::size_t model) {
  PolicyRun run = begun(world, "always " + world.workload->models[model]);
  for (const std::size_t row : world.rows) {
    // Where it did not answer, the nearest that did.
    const auto& answers = world.workload->rows[row].answers;
    std::size_t m = model;
    for (std::size_t away = 1; !answers[m].there() && away <= answers.size(); ++away)
      if (model + away < answers.size() && answers[model + away].there()) m = model + away;
      else if (away <= model && answers[model - away].there()) m = model - away;
    settle(world, row, static_cast<int>(m), world.energies->joules[m][row], run);
  }
  run.attempts = 1;
  return run;
}

PolicyRun replay_oracle(const ReplayWorld& world) {
  PolicyRun run = begun(world, "oracle");
  for (const std::size_t row : world.rows) {
    const auto& answers = world.workload->rows[row].answers;
    int best = -1;
    for (int m = 0; m < static_cast<int>(answers.size()); ++m) {
      const auto i = static_cast<std::size_t>(m);
      if (!answers[i].there()) continue;
      const auto b = static_cast<std::size_t>(std::max(best, 0));
      if (best < 0 || answers[i].quality > answers[b].quality ||
          (answers[i].quality == answers[b].quality && world.energies->joules[i][row] < world.energies->joules[b][row]))
        best = m;
    }
    settle(world, row, best, world.energies->joules[static_cast<std::size_t>(best)][row], run);
  }
  run.attempts = 1;
  return run;
}

AgainstLargest against(const PolicyRun& run, const PolicyRun& largest, std::size_t resamples, std::uint64_t seed) {
  const std::size_t n = run.quality.size();
  AgainstLargest out;
  const auto sums = [&](auto&& row_of) {
    double e = 0, el = 0, q = 0, ql = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t r = row_of(i);
      e += run.energy[r], el += largest.energy[r], q += run.quality[r], ql += largest.quality[r];
    }
    return std::pair(el > 0 ? 1 - e / el : 0, ql > 0 ? q / ql : 1);
  };
  std::tie(out.saving, out.retained) = sums([](std::size_t i) { return i; });
  std::mt19937_64 random(seed);
  std::vector<double> savings, retained;
  for (std::size_t k = 0; k < resamples; ++k) {
    const auto [s, q] = sums([&](std::size_t) { return ((random() >> 32) * n) >> 32; });
    savings.push_back(s), retained.push_back(q);
  }
  const auto interval = [](std::vector<double>& v, double value) {
    std::sort(v.begin(), v.end());
    return v.size() < 2 ? Interval{value, value} : Interval{study::quantile(v, 0.025), study::quantile(v, 0.975)};
  };
  out.saving_interval = interval(savings, out.saving);
  out.retained_interval = interval(retained, out.retained);
  return out;
}

double saving_identity(double h, std::span<const double> share, std::span<const double> ratio, double overhead) {
  double routed = 0;
  for (std::size_t k = 0; k < share.size(); ++k) routed += share[k] * ratio[k];
  return 1 - ((1 - h) * routed + overhead);
}

}  // namespace wattline::policy
