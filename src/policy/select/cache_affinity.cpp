// Wraps any algorithm and, where its scores are close, leans towards the model that holds the prefix of the request and
// whose context window it fits into (wrp-router, section 7, "cache affinity"; the constants are the reference's).
#include <algorithm>
#include <array>

#include "policy/select/family.h"
#include "policy/select/parameters.h"

namespace wattline::policy {
namespace {

double fit_of(const Prediction& c, double context) {
  if (c.context_window <= 0) return 0.5;
  const double share = context / static_cast<double>(c.context_window);
  return share <= 0.5 ? 1 : share <= 0.75 ? 0.7 : share <= 1 ? 0.3 : 0;
}

class CacheAffinity final : public Selector {
 public:
  std::unique_ptr<Selector> inner;

  std::string_view name() const override { return "cache_affinity"; }
  bool uses_sessions() const override { return true; }
  bool uses_features() const override { return inner->uses_features(); }
  bool learns_from_answers() const override { return inner->learns_from_answers(); }

  Reasons weigh(std::span<const Prediction> candidates, const Situation& s, std::span<double> scores,
                std::span<double> chances) const override {
    const Reasons why = inner->weigh(candidates, s, scores, chances);
    const int first = best_of(candidates, scores);
    double second = -INFINITY;
    for (std::size_t i = 0; i < candidates.size(); ++i)
      if (candidates[i].able && static_cast<int>(i) != first) second = std::max(second, scores[i]);
    if (first < 0 || !std::isfinite(second)) return why;

    const double history = static_cast<double>(s.history_tokens), context = static_cast<double>(s.prompt_tokens);
    double reuse = context > 0 ? std::clamp(history / context, 0.0, 1.0) : 0;
    const double mass = std::min(1.0, history / 4096), turn = std::min(1.0, s.turn / 4.0);
    double request = 0.45 * reuse + 0.30 * mass + 0.25 * turn;
    if (s.chained) request = std::max(request, 0.15);
    const double ambiguity = std::clamp(1 - (scores[static_cast<std::size_t>(first)] - second) / 0.20, 0.0, 1.0);
    const double lambda = 0.14 * request * ambiguity;
    if (lambda == 0) return why;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      if (!candidates[i].able) continue;
      const double same = static_cast<int>(i) == s.previous, fit = fit_of(candidates[i], context);
      const double lean = std::tanh(0.50 * same + 0.35 * same * reuse + 0.15 * same * turn -
                                    0.35 * (1 - same) * request + 0.15 * (fit - 0.5));
      const double sure =
          std::clamp(0.15 + 0.35 * reuse + 0.20 * mass + 0.15 * turn + 0.15 * fit + 0.15 * s.chained, 0.0, 1.0) *
          (s.previous < 0 ? 0.60 : 1);
      scores[i] += lambda * sure * lean;
    }
    // What the inner algorithm would have taken gives way to what now scores higher.
    const int now = best_of(candidates, scores);
    if (now == first || chances[static_cast<std::size_t>(first)] == 0) return why;
    chances[static_cast<std::size_t>(now)] += chances[static_cast<std::size_t>(first)];
    chances[static_cast<std::size_t>(first)] = 0;
    return {"about as good, and it holds the prefix", why.other};
  }

  void escalate(std::span<const Prediction> candidates, const Situation& s, int first,
                std::vector<int>& next) const override {
    inner->escalate(candidates, s, first, next);
  }
  void learn(std::span<const Prediction> candidates, const Situation& s, const Feedback& f) override {
    inner->learn(candidates, s, f);
  }
  Json state() const override { return inner->state(); }
  void restore(const Json& json) override { inner->restore(json); }
};

std::unique_ptr<Selector> make(const Json& json, std::string_view where) {
  auto s = std::make_unique<CacheAffinity>();
  Parameters settings(json, where);
  s->inner = read_inner(settings, "base", "cheapest_adequate");
  settings.finish();
  return s;
}

}  // namespace

Algorithm cache_affinity_algorithm() {
  return {"cache_affinity", "where scores are close, the model that holds the prefix (wraps another)", make};
}

}  // namespace wattline::policy
