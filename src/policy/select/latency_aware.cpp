// The fastest: the mean over time to first token and time per token of value / least value; the lowest wins
// (wrp-router, section 7). A model of which nothing is known yet would never be asked and so never become known:
// it gets a quota of the requests, and all others a small one, lest one that has recovered stays forgotten.
#include <algorithm>

#include "policy/select/family.h"
#include "policy/select/parameters.h"

namespace wattline::policy {
namespace {

class LatencyAware final : public Selector {
 public:
  double explore = 0.05, refresh = 0.01;

  std::string_view name() const override { return "latency_aware"; }

  Reasons weigh(std::span<const Prediction> candidates, const Situation&, std::span<double> scores,
                std::span<double> chances) const override {
    double least_ttft = INFINITY, least_tpot = INFINITY;
    for (const auto& c : candidates)
      if (c.able) {
        if (c.ttft > 0) least_ttft = std::min(least_ttft, c.ttft);
        if (c.tpot > 0) least_tpot = std::min(least_tpot, c.tpot);
      }
    double unseen = 0;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const auto& c = candidates[i];
      double sum = 0, parts = 0;
      if (c.ttft > 0) sum += c.ttft / least_ttft, ++parts;
      if (c.tpot > 0) sum += c.tpot / least_tpot, ++parts;
      scores[i] = c.able && parts > 0 ? parts / sum : 0;
      unseen += c.able && parts == 0;
    }
    const int best = best_of(candidates, scores);
    if (scores[static_cast<std::size_t>(best)] == 0) {
      certain(-1, chances);
      mix_uniform(1, candidates, chances);
      return {"no latency is known yet: drawn", "no latency is known yet: drawn"};
    }
    certain(best, chances);
    mix_uniform(refresh, candidates, chances);
    for (std::size_t i = 0; unseen > 0 && i < candidates.size(); ++i)
      chances[i] = (1 - explore) * chances[i] + (candidates[i].able && scores[i] == 0 ? explore / unseen : 0);
    return {"lowest latency", "drawn to learn its latency"};
  }
};

std::unique_ptr<Selector> make(const Json& json, std::string_view where) {
  auto s = std::make_unique<LatencyAware>();
  Parameters settings(json, where);
  s->explore = settings.number("explore", s->explore, 0.001, 0.5);
  s->refresh = settings.number("refresh", s->refresh, 0, 0.5);
  settings.finish();
  return s;
}

}  // namespace

Algorithm latency_aware_algorithm() {
  return {"latency_aware", "the lowest latency, with a quota for models of which none is known", make};
}

}  // namespace wattline::policy
