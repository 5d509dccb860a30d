// LinUCB with one ridge regression a model (Li, Chu, Langford, Schapire, WWW 2010, algorithm 1): the reward is
// theta . x, and a model whose reward is not yet sure here gets alpha sqrt(x' A^-1 x) on top. A^-1 is kept by the
// Sherman-Morrison formula. The rule alone is deterministic, and a log of it could judge nothing else: a share
// `epsilon` is drawn evenly, so that every able candidate has a chance above 0.
#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>

#include <fmt/format.h>

#include "kernel/error.h"
#include "policy/select/family.h"
#include "policy/select/parameters.h"

namespace wattline::policy {
namespace {

struct Arm {
  std::vector<double> inverse, b;  // d x d, row by row; d
  double seen = 0;
};
using Arms = std::map<std::string, std::shared_ptr<const Arm>, std::less<>>;
constexpr std::size_t max_arms = 256;

class LinUcb final : public Selector {
 public:
  LinUcb(std::size_t dimension, double lambda) : d_(dimension), lambda_(lambda) {}
  Objective objective;
  double alpha = 0.5, epsilon = 0.05, cost_weight = 0.1;

  std::string_view name() const override { return "linucb"; }
  bool uses_features() const override { return true; }

  Reasons weigh(std::span<const Prediction> candidates, const Situation& s, std::span<double> scores,
                std::span<double> chances) const override {
    double most = 0;
    for (const auto& c : candidates)
      if (const double cost = objective.cost(c); c.able && known(cost)) most = std::max(most, cost);
    const auto arms = arms_.load();
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const auto found = arms->find(candidates[i].model);
      const double cost = objective.cost(candidates[i]);
      const double price = most > 0 ? cost_weight * (known(cost) ? cost / most : 1) : 0;
      scores[i] = candidates[i].able ? bound(found == arms->end() ? nullptr : found->second.get(), s.features) - price
                                     : -INFINITY;
    }
    certain(best_of(candidates, scores), chances);
    mix_uniform(epsilon, candidates, chances);
    return {"highest upper bound of its reward"};
  }

  void learn(std::span<const Prediction> candidates, const Situation& s, const Feedback& f) override {
    const double reward = f.failed ? 0 : f.quality;
    if (f.candidate < 0 || static_cast<std::size_t>(f.candidate) >= candidates.size() || !known(reward)) return;
    const std::string_view model = candidates[static_cast<std::size_t>(f.candidate)].model;
    const std::lock_guard hold(writing_);
    const auto now = arms_.load();
    const auto found = now->find(model);
    if (found == now->end() && now->size() >= max_arms) return;
    auto arm = std::make_shared<Arm>(found != now->end() ? *found->second : fresh());
    // A' = A + x x', so A'^-1 = A^-1 - (A^-1 x)(A^-1 x)' / (1 + x' A^-1 x).
    std::vector<double> ax(d_, 0.0);
    double xax = 0;
    for (std::size_t r = 0; r < d_; ++r) {
      for (std::size_t c = 0; c < d_; ++c) ax[r] += arm->inverse[r * d_ + c] * feature(s.features, c);
      xax += ax[r] * feature(s.features, r);
    }
    for (std::size_t r = 0; r < d_; ++r) {
      for (std::size_t c = 0; c < d_; ++c) arm->inverse[r * d_ + c] -= ax[r] * ax[c] / (1 + xax);
      arm->b[r] += std::clamp(reward, 0.0, 1.0) * feature(s.features, r);
    }
    ++arm->seen;
    auto more = std::make_shared<Arms>(*now);
    (*more)[std::string(model)] = std::move(arm);
    arms_.store(std::move(more));
  }

  Json state() const override {
    Json::Object arms;
    for (const auto& [model, arm] : *arms_.load()) {
      Json::Array inverse(arm->inverse.begin(), arm->inverse.end()), b(arm->b.begin(), arm->b.end());
      arms.emplace_back(model, Json::Object{{"seen", arm->seen}, {"inverse", inverse}, {"b", b}});
    }
    return Json::Object{{"dimension", static_cast<std::int64_t>(d_)}, {"arms", Json(std::move(arms))}};
  }

  void restore(const Json& json) override {
    if (const auto d = json.at("dimension").as_integer(); d != static_cast<std::int64_t>(d_))
      throw bad_input(fmt::format("the state is of {} features, the settings of {}", d, d_), "dimension");
    auto read = std::make_shared<Arms>();
    for (const auto& [model, row] : json.at("arms").as_object()) {
      auto arm = std::make_shared<Arm>();
      arm->seen = row.at("seen").as_number();
      for (const auto& x : row.at("inverse").as_array()) arm->inverse.push_back(x.as_number());
      for (const auto& x : row.at("b").as_array()) arm->b.push_back(x.as_number());
      if (arm->inverse.size() != d_ * d_ || arm->b.size() != d_ || read->size() >= max_arms)
        throw bad_input(fmt::format("{} features want {} numbers in \"inverse\" and {} in \"b\"", d_, d_ * d_, d_),
                        model);
      (*read)[model] = std::move(arm);
    }
    const std::lock_guard hold(writing_);
    arms_.store(std::move(read));
  }

 private:
  // Feature 0 is 1; further ones are the request's, 0 where it has fewer or one is not finite.
  double feature(std::span<const float> x, std::size_t i) const {
    if (i == 0) return 1;
    const double v = i - 1 < x.size() ? static_cast<double>(x[i - 1]) : 0;
    return std::isfinite(v) ? v : 0;
  }

  Arm fresh() const {
    Arm arm;
    arm.inverse.assign(d_ * d_, 0.0);
    for (std::size_t i = 0; i < d_; ++i) arm.inverse[i * d_ + i] = 1 / lambda_;
    arm.b.assign(d_, 0.0);
    return arm;
  }

  double bound(const Arm* arm, std::span<const float> x) const {
    double mean = 0, spread = 0;
    for (std::size_t r = 0; r < d_; ++r) {
      const double xr = feature(x, r);
      if (!arm) {
        spread += xr * xr / lambda_;
        continue;
      }
      double ax = 0;
      for (std::size_t c = 0; c < d_; ++c) ax += arm->inverse[r * d_ + c] * feature(x, c);
      spread += xr * ax;
      mean += arm->b[r] * ax;
    }
    return mean + alpha * std::sqrt(std::max(0.0, spread));
  }

  std::size_t d_;
  double lambda_;
  std::atomic<std::shared_ptr<const Arms>> arms_ = std::make_shared<const Arms>();
  std::mutex writing_;
};

std::unique_ptr<Selector> make(const Json& json, std::string_view where) {
  Parameters settings(json, where);
  const auto features = settings.integer("features", 8, 0, 255);
  auto s = std::make_unique<LinUcb>(static_cast<std::size_t>(features) + 1, settings.number("ridge", 1, 1e-6, 1e6));
  s->objective = read_objective(settings);
  s->alpha = settings.number("alpha", s->alpha, 0, 100);
  s->epsilon = settings.number("epsilon", s->epsilon, 0.001, 1);
  s->cost_weight = settings.number("cost_weight", s->cost_weight, 0, 100);
  settings.finish();
  return s;
}

}  // namespace

Algorithm linucb_algorithm() {
  return {"linucb", "a linear reward of the request's features a model, with a bonus for what is not sure", make};
}

}  // namespace wattline::policy
