// The least energy (or carbon, money, time, or a mix) among those that answer well enough: the lower bound of the
// calibrated probability of an adequate answer must reach `min_quality`, so that a model of which little is known is
// not taken for a good one. When none reaches it, the best there is.
#include <algorithm>

#include "policy/select/family.h"
#include "policy/select/parameters.h"

namespace wattline::policy {
namespace {

class CheapestAdequate final : public Selector {
 public:
  Objective objective;
  double min_quality = 0.8, max_latency = 0;

  std::string_view name() const override { return "cheapest_adequate"; }

  Reasons weigh(std::span<const Prediction> candidates, const Situation&, std::span<double> scores,
                std::span<double> chances) const override {
    double least = INFINITY;
    bool any = false;
    for (const auto& c : candidates)
      if (adequate(c)) {
        any = true;
        // A cost that is not known is no reason to refuse one, but never beats one that is.
        if (const double cost = objective.cost(c); known(cost)) least = std::min(least, cost);
      }
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const auto& c = candidates[i];
      if (!c.able) scores[i] = 0;
      else if (!adequate(c)) scores[i] = 0.3 * std::clamp(known(c.quality) ? c.quality : 0, 0.0, 1.0);
      else if (const double cost = objective.cost(c); !known(cost)) scores[i] = 0.51;
      else scores[i] = cost > 0 ? 0.52 + 0.48 * least / cost : 1;
    }
    certain(any ? best_of(candidates, scores) : best_quality(candidates), chances);
    return {any ? "cheapest that is adequate" : "none is surely adequate: the best"};
  }

 private:
  bool adequate(const Prediction& c) const {
    return c.able && c.quality_low >= min_quality && !(max_latency > 0 && c.latency > max_latency);
  }

  int best_quality(std::span<const Prediction> candidates) const {
    int best = -1;
    const auto quality = [](const Prediction& c) { return known(c.quality) ? c.quality : -1; };
    const auto better = [&](const Prediction& a, const Prediction& b) {
      if (quality(a) != quality(b)) return quality(a) > quality(b);
      return objective.cost(a) < objective.cost(b);
    };
    for (std::size_t i = 0; i < candidates.size(); ++i)
      if (candidates[i].able && (best < 0 || better(candidates[i], candidates[static_cast<std::size_t>(best)])))
        best = static_cast<int>(i);
    return best;
  }
};

std::unique_ptr<Selector> make(const Json& json, std::string_view where) {
  auto s = std::make_unique<CheapestAdequate>();
  Parameters settings(json, where);
  s->objective = read_objective(settings);
  s->min_quality = settings.number("min_quality", s->min_quality, 0, 1);
  s->max_latency = settings.number("max_latency_s", 0, 0, 1e9);
  settings.finish();
  return s;
}

}  // namespace

Algorithm cheapest_adequate_algorithm() {
  return {"cheapest_adequate", "the least energy (carbon, money, time) among those surely good enough", make};
}

}  // namespace wattline::policy
