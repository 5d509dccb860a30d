// Several factors in one score: each is brought to 0 .. 1 over the candidates that hold the limits (min-max; quality
// as it is, the others inverted; 0.5 where all are alike, 0 where the value is not known), then weighed.
// wrp-router, section 7; energy and carbon are ours, at weight 0 unless asked for.
#include <algorithm>

#include "policy/select/family.h"
#include "policy/select/parameters.h"

namespace wattline::policy {
namespace {

enum Factor { quality, latency, cost, load, energy, carbon, factors };
constexpr std::string_view factor_names[factors] = {"quality", "latency", "cost", "load", "energy", "carbon"};
constexpr double default_weights[factors] = {0.25, 0.25, 0.25, 0.25, 0, 0};

double value_of(Factor f, const Prediction& p) {
  switch (f) {
    case quality: return p.quality;
    case latency: return p.latency;
    case cost: return p.money;
    case load: return p.in_flight;
    case energy: return p.energy + p.switch_energy;
    case carbon: return p.carbon;
    case factors: break;
  }
  return Prediction::unknown;
}

struct Limits {
  double tpot_ms = 0, ttft_ms = 0, usd_per_million = 0, in_flight = 0, latency_s = 0, energy_j = 0;

  // A limit of 0 is none. What is not known breaks no limit.
  bool hold(const Prediction& p, const Situation& s) const {
    const auto over = [](double limit, double value) { return limit > 0 && value > limit; };
    const double tokens = static_cast<double>(s.prompt_tokens) + (known(p.output_tokens) ? p.output_tokens : 0);
    return !over(tpot_ms, p.tpot * 1e3) && !over(ttft_ms, p.ttft * 1e3) && !over(in_flight, p.in_flight) &&
           !over(latency_s, p.latency) && !over(energy_j, p.energy + p.switch_energy) &&
           !(tokens > 0 && over(usd_per_million, p.money / tokens * 1e6));
  }
};

enum class Otherwise { cheapest, first, fail };

class MultiFactor final : public Selector {
 public:
  double weights[factors];
  Limits limits;
  Otherwise otherwise = Otherwise::cheapest;

  std::string_view name() const override { return "multi_factor"; }

  Reasons weigh(std::span<const Prediction> candidates, const Situation& situation, std::span<double> scores,
                std::span<double> chances) const override {
    bool any = false;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      // `chances` marks who is left until the end.
      chances[i] = candidates[i].able && limits.hold(candidates[i], situation);
      any = any || chances[i] > 0;
      scores[i] = 0;
    }
    if (!any) return none_left(candidates, scores, chances);
    for (int f = 0; f < factors; ++f)
      if (weights[f] > 0) add_factor(static_cast<Factor>(f), candidates, scores, chances);
    int best = -1;
    for (std::size_t i = 0; i < candidates.size(); ++i)
      if (chances[i] > 0 && (best < 0 || scores[i] > scores[static_cast<std::size_t>(best)]))
        best = static_cast<int>(i);
    certain(best, chances);
    return {"best sum of its factors"};
  }

 private:
  void add_factor(Factor f, std::span<const Prediction> candidates, std::span<double> scores,
                  std::span<const double> left) const {
    double least = INFINITY, most = -INFINITY;
    for (std::size_t i = 0; i < candidates.size(); ++i)
      if (const double v = value_of(f, candidates[i]); left[i] > 0 && known(v)) {
        least = std::min(least, v);
        most = std::max(most, v);
      }
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const double v = value_of(f, candidates[i]);
      if (left[i] == 0 || !known(v)) continue;
      const double share = most > least ? (v - least) / (most - least) : 0.5;
      scores[i] += weights[f] * (f == quality ? share : 1 - share);
    }
  }

  Reasons none_left(std::span<const Prediction> candidates, std::span<double> scores, std::span<double> chances) const {
    if (otherwise == Otherwise::fail) {
      certain(-1, chances);
      return {"no candidate holds the limits"};
    }
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const double price = candidates[i].money;
      scores[i] = otherwise == Otherwise::first ? 1 / static_cast<double>(1 + i) : known(price) ? 1 / (1 + price) : 0;
    }
    certain(best_of(candidates, scores), chances);
    return {otherwise == Otherwise::first ? "no candidate holds the limits: the first"
                                          : "no candidate holds the limits: the cheapest"};
  }
};

std::unique_ptr<Selector> make(const Json& json, std::string_view where) {
  auto s = std::make_unique<MultiFactor>();
  Parameters settings(json, where);
  static const Json none;
  const Json* given = settings.json("weights");
  Parameters weights(given ? *given : none, settings.place("weights"));
  double sum = 0;
  for (int f = 0; f < factors; ++f)
    sum += s->weights[f] = weights.number(factor_names[f], given ? 0 : default_weights[f], 0, 1e6);
  weights.finish();
  // All zero says nothing: as if no weights were given.
  for (int f = 0; f < factors; ++f) s->weights[f] = sum > 0 ? s->weights[f] / sum : default_weights[f];
  s->limits = {settings.number("max_tpot_ms", 0, 0, 1e9),    settings.number("max_ttft_ms", 0, 0, 1e9),
               settings.number("max_usd_per_1m", 0, 0, 1e9), settings.number("max_in_flight", 0, 0, 1e9),
               settings.number("max_latency_s", 0, 0, 1e9),  settings.number("max_energy_j", 0, 0, 1e15)};
  const auto otherwise = settings.text("on_no_candidates", "cheapest", {"cheapest", "first", "fail"});
  s->otherwise = otherwise == "fail" ? Otherwise::fail : otherwise == "first" ? Otherwise::first : Otherwise::cheapest;
  settings.finish();
  return s;
}

}  // namespace

Algorithm multi_factor_algorithm() {
  return {"multi_factor", "quality, latency, cost, load, energy and carbon weighed into one score, within limits",
          make};
}

}  // namespace wattline::policy
