#include "policy/select/conservative_q.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "kernel/error.h"
#include "policy/select/family.h"
#include "policy/select/parameters.h"

namespace wattline::policy {
namespace {

constexpr std::size_t built_in = 4;
using Weights = std::map<std::string, std::vector<double>, std::less<>>;

double turn_feature(const Situation& s, std::size_t i) {
  switch (i) {
    case 0: return 1;
    case 1: return std::min(1.0, s.turn / 8.0);
    case 2: return s.tool_loop;
    case 3: return std::min(1.0, static_cast<double>(s.prompt_tokens) / 8192);
  }
  const std::size_t own = i - built_in;
  const double v = own < s.features.size() ? static_cast<double>(s.features[own]) : 0;
  return std::isfinite(v) ? v : 0;
}

class ConservativeQ final : public Selector {
 public:
  double epsilon = 0.02;

  std::string_view name() const override { return "conservative_q"; }
  bool uses_sessions() const override { return true; }
  bool uses_features() const override { return true; }

  Reasons weigh(std::span<const Prediction> candidates, const Situation& s, std::span<double> scores,
                std::span<double> chances) const override {
    const auto weights = weights_.load();
    bool learned = false;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const auto found = weights->find(candidates[i].model);
      // A model that the log does not know has no value of its own; it is drawn now and then.
      scores[i] = -INFINITY;
      if (!candidates[i].able || found == weights->end()) continue;
      learned = true;
      scores[i] = 0;
      for (std::size_t k = 0; k < found->second.size(); ++k) scores[i] += found->second[k] * turn_feature(s, k);
    }
    certain(best_of(candidates, scores), chances);
    mix_uniform(epsilon, candidates, chances);
    return {learned ? "highest value for the rest of the session" : "nothing learned yet: the first that is able"};
  }

  Json state() const override { return to_json(*weights_.load()); }
  void restore(const Json& json) override {
    auto read = std::make_shared<Weights>();
    for (const auto& [model, row] : json.at("weights").as_object()) {
      auto& w = (*read)[model];
      for (const auto& x : row.as_array()) w.push_back(x.as_number());
      if (w.empty() || w.size() > 4096 || w.size() != read->begin()->second.size())
        throw bad_input("no state of conservative_q: as many weights for each model are expected", "weights." + model);
    }
    weights_.store(std::move(read));
  }

  static Json to_json(const Weights& weights) {
    Json::Object out;
    for (const auto& [model, w] : weights) out.emplace_back(model, Json::Array(w.begin(), w.end()));
    return Json::Object{{"weights", Json(std::move(out))}};
  }

 private:
  std::atomic<std::shared_ptr<const Weights>> weights_ = std::make_shared<const Weights>();
};

std::unique_ptr<Selector> make(const Json& json, std::string_view where) {
  auto s = std::make_unique<ConservativeQ>();
  Parameters settings(json, where);
  s->epsilon = settings.number("epsilon", s->epsilon, 0, 1);
  settings.finish();
  return s;
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace

std::vector<double> turn_features(const Situation& s, std::size_t own) {
  std::vector<double> out;
  for (std::size_t i = 0; i < built_in + own; ++i) out.push_back(turn_feature(s, i));
  return out;
}

Json fit_conservative_q(std::span<const LoggedTurn> turns, const QFit& fit) {
  if (turns.empty()) throw bad_input("there are no logged turns to learn from");
  const std::size_t d = turns[0].features.size(), n = turns.size();
  std::vector<std::string> models;
  double scale = 0;  // largest squared length of a feature vector: bounds the step
  for (const auto& t : turns) {
    if (t.features.size() != d)
      throw bad_input(fmt::format("a turn has {} features, the first has {}", t.features.size(), d));
    if (!std::isfinite(t.reward)) throw bad_input("a reward is not finite");
    models.push_back(t.model);
    scale = std::max(scale, dot(t.features, t.features));
  }
  std::sort(models.begin(), models.end());
  models.erase(std::unique(models.begin(), models.end()), models.end());
  const std::size_t m = models.size();
  std::vector<std::size_t> action(n);
  for (std::size_t t = 0; t < n; ++t)
    action[t] =
        static_cast<std::size_t>(std::lower_bound(models.begin(), models.end(), turns[t].model) - models.begin());

  std::vector<std::vector<double>> w(m, std::vector<double>(d, 0.0)), gradient = w;
  std::vector<double> target(n), q(m);
  for (int round = 0; round < fit.rounds; ++round) {
    for (std::size_t t = 0; t < n; ++t) {
      target[t] = turns[t].reward;
      if (turns[t].last || t + 1 == n) continue;
      double next = -INFINITY;
      for (std::size_t a = 0; a < m; ++a) next = std::max(next, dot(w[a], turns[t + 1].features));
      target[t] += fit.discount * next;
    }
    for (int step = 0; step < fit.steps; ++step) {
      for (std::size_t a = 0; a < m; ++a)
        for (std::size_t k = 0; k < d; ++k) gradient[a][k] = fit.ridge * w[a][k];
      for (std::size_t t = 0; t < n; ++t) {
        const auto& x = turns[t].features;
        double top = -INFINITY, sum = 0;
        for (std::size_t a = 0; a < m; ++a) top = std::max(top, q[a] = dot(w[a], x));
        for (std::size_t a = 0; a < m; ++a) sum += std::exp(q[a] - top);
        for (std::size_t a = 0; a < m; ++a) {
          double g = fit.conservatism * std::exp(q[a] - top) / sum;
          if (a == action[t]) g += q[a] - target[t] - fit.conservatism;
          for (std::size_t k = 0; k < d; ++k) gradient[a][k] += g * x[k] / static_cast<double>(n);
        }
      }
      const double rate = fit.rate / ((1 + fit.conservatism) * std::max(scale, 1e-12) + fit.ridge);
      for (std::size_t a = 0; a < m; ++a)
        for (std::size_t k = 0; k < d; ++k) w[a][k] -= rate * gradient[a][k];
    }
  }
  Weights out;
  for (std::size_t a = 0; a < m; ++a) out[models[a]] = w[a];
  return ConservativeQ::to_json(out);
}

Algorithm conservative_q_algorithm() {
  return {"conservative_q", "values of the rest of a session, learned from logged sessions with caution", make};
}

}  // namespace wattline::policy
