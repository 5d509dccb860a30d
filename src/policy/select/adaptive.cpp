// Learns from outcomes whether another model than the one that its base algorithm chose does better here, and switches
// only for a gain that is worth it (wrp-router, sections 8.1 and 8.2). Predicted quality is a draw from a Beta
// posterior; it becomes its mean, and nothing is tried out, inside tool loops, with state that only one model
// understands, and while the previous model holds the session's prefix.
#include <algorithm>
#include <array>

#include "policy/select/beta.h"
#include "policy/select/experience.h"
#include "policy/select/family.h"
#include "policy/select/parameters.h"

namespace wattline::policy {
namespace {

struct Outcomes {
  Tally good, underpowered, overprovisioned, failed, total, latency, hits;  // latency: s, hits: 0 to 1, both averaged

  static constexpr std::string_view names[] = {"good",    "underpowered", "overprovisioned", "failed", "total",
                                               "latency", "hits"};
  std::array<Tally*, 7> all() { return {&good, &underpowered, &overprovisioned, &failed, &total, &latency, &hits}; }
  void write(Json& row) {
    for (std::size_t i = 0; i < 7; ++i) row.set(std::string(names[i]), static_cast<double>(*all()[i]));
  }
  void read(const Json& row) {
    for (std::size_t i = 0; i < 7; ++i) all()[i]->read(row, names[i]);
  }
};

// How far the choice may move from the base's, with the cost penalty and the margin of each.
struct Scope {
  std::string_view name;
  double cost_weight, margin;
};
constexpr Scope scopes[] = {{"decision", 0.04, 0}, {"tier", 0.06, 0.03}, {"global", 0.10, 0.08}};

constexpr std::size_t limit = 16;
constexpr double kept_warmth = 0.65, protection_margin = 0.05, average_share = 0.1;

class Adaptive final : public Selector {
 public:
  std::unique_ptr<Selector> base;
  Objective objective{0, 0, 1, 0};
  Scope scope = scopes[0];
  double prior = 2, stability = 1, floor = 0.01;

  std::string_view name() const override { return "adaptive"; }

  Reasons weigh(std::span<const Prediction> candidates, const Situation& s, std::span<double> scores,
                std::span<double> chances) const override {
    const std::size_t n = std::min(candidates.size(), limit);
    std::array<double, limit> of_base{};
    std::array<double, limit> ignored{};
    if (candidates.size() > limit) return base->weigh(candidates, s, scores, chances);
    base->weigh(candidates, s, std::span(ignored).first(n), std::span(of_base).first(n));

    std::array<Beliefs, limit> beliefs;
    const bool cold = believe(candidates, s, beliefs);
    for (std::size_t i = 0; i < n; ++i) scores[i] = candidates[i].able ? beliefs[i].score() : 0;
    const bool has_previous = s.previous >= 0 && static_cast<std::size_t>(s.previous) < n &&
                              candidates[static_cast<std::size_t>(s.previous)].able;
    const bool kept = has_previous && (s.tool_loop || !s.portable ||
                                       candidates[static_cast<std::size_t>(s.previous)].warmth >= kept_warmth);
    if (cold && !kept) return try_cold(candidates, beliefs, chances);

    std::fill(chances.begin(), chances.end(), 0.0);
    for (std::size_t b = 0; b < n; ++b)
      if (of_base[b] > 0) from(b, candidates, beliefs, kept, of_base[b], chances);
    if (!kept) mix_uniform(floor, candidates, chances);
    if (has_previous) protect(static_cast<std::size_t>(s.previous), s, candidates, beliefs, chances);
    return {kept ? "session kept where it is unless another is surely better" : "best by what came of earlier answers"};
  }

  void learn(std::span<const Prediction> candidates, const Situation& s, const Feedback& f) override {
    base->learn(candidates, s, f);
    if (f.candidate < 0 || static_cast<std::size_t>(f.candidate) >= candidates.size()) return;
    if (!f.failed && !f.underpowered && !f.overprovisioned && !known(f.quality)) return;
    outcomes_.learn(candidates[static_cast<std::size_t>(f.candidate)].model, s.domain, [&](Outcomes& o) {
      o.total.add(1);
      const double q = f.underpowered ? 0 : known(f.quality) ? std::clamp(f.quality, 0.0, 1.0) : 1;
      if (f.failed) {
        o.failed.add(1);
      } else {
        o.good.add(q);
        o.underpowered.add(1 - q);
      }
      if (f.overprovisioned) o.overprovisioned.add(1);
      if (f.latency >= 0) o.latency.add((o.latency > 0 ? average_share : 1) * (f.latency - o.latency));
      o.hits.add(average_share * ((f.cache_hit ? 1 : 0) - o.hits));
    });
  }

  Json state() const override { return Json::Object{{"outcomes", outcomes_.json()}, {"base", base->state()}}; }
  void restore(const Json& json) override {
    outcomes_.restore(json.at("outcomes"));
    if (const Json& inner = json.at("base"); !inner.is_null()) base->restore(inner);
  }

 private:
  struct Beliefs {
    Beta quality;
    double penalty = 0, price = 0, total = 0, bad_share = 0;
    double score() const { return quality.mean() - penalty; }
  };

  // Whether any able one has no outcome yet.
  bool believe(std::span<const Prediction> candidates, const Situation& s, std::array<Beliefs, limit>& beliefs) const {
    double most_cost = 0, most_latency = 0;
    const auto learned = outcomes_.view();
    for (const auto& c : candidates) {
      if (!c.able) continue;
      if (const double cost = objective.cost(c); known(cost)) most_cost = std::max(most_cost, cost);
      if (const Outcomes* o = learned.find(c.model, s.domain))
        most_latency = std::max(most_latency, static_cast<double>(o->latency));
    }
    bool cold = false;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const auto& c = candidates[i];
      const double q = known(c.quality) ? std::clamp(c.quality, 0.0, 1.0) : 0.5, cost = objective.cost(c);
      Beliefs& b = beliefs[i];
      b.quality = {prior * q + 1, prior * (1 - q) + 1};
      b.price = most_cost > 0 ? scope.cost_weight * (known(cost) ? cost / most_cost : 1) : 0;
      b.penalty = b.price;
      const Outcomes* o = learned.find(c.model, s.domain);
      if (o && o->total > 0) {
        b.quality.a += o->good;
        b.quality.b += o->underpowered;
        b.total = o->total;
        b.bad_share = (o->underpowered + o->failed) / o->total;
        b.penalty += 0.03 * o->overprovisioned / o->total + 0.10 * o->failed / o->total - 0.02 * o->hits;
        if (most_latency > 0) b.penalty += 0.02 * o->latency / most_latency;
      } else if (c.able) {
        cold = true;
      }
    }
    return cold;
  }

  Reasons try_cold(std::span<const Prediction> candidates, const std::array<Beliefs, limit>& beliefs,
                   std::span<double> chances) const {
    double cold = 0;
    for (std::size_t i = 0; i < candidates.size(); ++i) cold += candidates[i].able && beliefs[i].total == 0;
    for (std::size_t i = 0; i < candidates.size(); ++i)
      chances[i] = candidates[i].able && beliefs[i].total == 0 ? 1 / cold : 0;
    mix_uniform(floor, candidates, chances);
    return {"tried because nothing came of it yet", "tried because nothing came of it yet"};
  }

  // Adds `share` of what is chosen when the base's choice is `b`: another one only if its score is above b's by the
  // margin and by what it costs more.
  void from(std::size_t b, std::span<const Prediction> candidates, const std::array<Beliefs, limit>& beliefs, bool mean,
            double share, std::span<double> chances) const {
    std::array<double, limit> shift{}, won{};
    std::array<Beta, limit> quality;
    std::size_t best = b;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      quality[i] = beliefs[i].quality;
      shift[i] = !candidates[i].able ? -INFINITY
                 : i == b            ? 0.001 - beliefs[i].penalty
                          : -beliefs[i].penalty - scope.margin - std::max(0.0, beliefs[i].price - beliefs[b].price);
      if (shift[i] + quality[i].mean() > shift[best] + quality[best].mean()) best = i;
    }
    if (mean) {
      chances[best] += share;
      return;
    }
    const std::size_t n = candidates.size();
    chance_of_best(std::span(quality).first(n), std::span(shift).first(n), std::span(won).first(n));
    for (std::size_t i = 0; i < n; ++i) chances[i] += share * won[i];
  }

  // A switch needs a gain above the margin and the switch's cost, unless the previous model does badly.
  void protect(std::size_t previous, const Situation& s, std::span<const Prediction> candidates,
               const std::array<Beliefs, limit>& beliefs, std::span<double> chances) const {
    const Beliefs& now = beliefs[previous];
    const bool rescue = now.total >= 4 && now.bad_share > 0.5 && s.portable;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      if (i == previous || chances[i] == 0) continue;
      const auto& c = candidates[i];
      const double lost = c.energy > 0 ? c.switch_energy / (c.energy + c.switch_energy) : 0;
      const double gain = beliefs[i].score() - now.score();
      // Who explores from an unprotected session has nothing to lose there.
      const bool held = s.tool_loop || !s.portable || candidates[previous].warmth > 0;
      if (!held || rescue || gain >= protection_margin + stability * lost * candidates[previous].warmth) continue;
      chances[previous] += chances[i];
      chances[i] = 0;
    }
  }

  mutable Experience<Outcomes> outcomes_;
};

std::unique_ptr<Selector> make(const Json& json, std::string_view where) {
  auto s = std::make_unique<Adaptive>();
  Parameters settings(json, where);
  s->base = read_inner(settings, "base", "static");
  s->objective = settings.json("minimise") ? read_objective(settings) : Objective{};
  const auto scope = settings.text("scope", "decision", {"decision", "tier", "global"});
  for (const auto& known_scope : scopes)
    if (known_scope.name == scope) s->scope = known_scope;
  s->prior = settings.number("prior", s->prior, 0, 1e6);
  s->stability = settings.number("stability", s->stability, 0, 100);
  s->floor = settings.number("min_chance", s->floor, 0, 0.5);
  settings.finish();
  return s;
}

}  // namespace

Algorithm adaptive_algorithm() {
  return {"adaptive", "its base's choice, corrected by what came of earlier answers, sessions protected", make};
}

}  // namespace wattline::policy
