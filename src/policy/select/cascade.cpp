// A small model first, a larger one when its answer does not verify. Which models form the chain is not typed in: of
// all sub-chains that end with the best model the one with the least expected cost, E = c1 + (1 - p1) c2 + ...
// (wrp-router, section 7; qeil, section 2.8), found from the end backwards. So a small model that mostly fails is
// left out, because its failed attempts cost more than they save.
#include <algorithm>
#include <array>

#include "policy/select/family.h"
#include "policy/select/parameters.h"

namespace wattline::policy {
namespace {

constexpr std::size_t limit = 16;  // candidates of a chain; further ones, the costliest, are left out

class Cascade final : public Selector {
 public:
  Objective objective;
  int attempts = 3;

  std::string_view name() const override { return "cascade"; }

  Reasons weigh(std::span<const Prediction> candidates, const Situation&, std::span<double> scores,
                std::span<double> chances) const override {
    const Chain chain = plan(candidates);
    for (std::size_t i = 0; i < candidates.size(); ++i) scores[i] = 0;
    for (std::size_t k = 0; k < chain.size; ++k)
      scores[static_cast<std::size_t>(chain.members[k])] = 1 / static_cast<double>(k + 1);
    certain(chain.members[0], chances);
    return {chain.size > 1 ? "first of the chain with the least expected cost"
                           : "a cascade would cost more than it saves"};
  }

  void escalate(std::span<const Prediction> candidates, const Situation&, int first,
                std::vector<int>& next) const override {
    const Chain chain = plan(candidates);
    next.clear();
    bool after = false;
    for (std::size_t k = 0; k < chain.size; ++k) {
      if (after) next.push_back(chain.members[k]);
      after = after || chain.members[k] == first;
    }
  }

 private:
  struct Chain {
    std::array<int, limit> members{};
    std::size_t size = 0;
  };

  Chain plan(std::span<const Prediction> candidates) const {
    // By cost; an unknown cost last. Of these only who is better than all cheaper ones.
    std::array<int, limit> order{};
    std::size_t n = 0;
    const auto cost = [&](int i) {
      const double c = objective.cost(candidates[static_cast<std::size_t>(i)]);
      return known(c) ? c : INFINITY;
    };
    const auto quality = [&](int i) {
      const double q = candidates[static_cast<std::size_t>(i)].quality;
      return known(q) ? std::clamp(q, 0.0, 1.0) : 0.5;
    };
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      if (!candidates[i].able || n == limit) continue;
      std::size_t at = n++;
      for (; at > 0 && cost(order[at - 1]) > cost(static_cast<int>(i)); --at) order[at] = order[at - 1];
      order[at] = static_cast<int>(i);
    }
    std::size_t kept = 0;
    for (std::size_t k = 0; k < n; ++k)
      if (kept == 0 || quality(order[k]) > quality(order[kept - 1])) order[kept++] = order[k];
    // least[k][a]: expected cost from member k on with `a` attempts; the last one's answer stays.
    Chain chain;
    std::array<std::array<double, limit + 1>, limit> least;
    std::array<std::array<std::size_t, limit + 1>, limit> then{};
    const std::size_t last = kept - 1, most = static_cast<std::size_t>(attempts);
    for (std::size_t k = kept; k-- > 0;)
      for (std::size_t a = 1; a <= most; ++a) {
        least[k][a] = k == last ? cost(order[k]) : INFINITY;
        for (std::size_t j = k + 1; a > 1 && j < kept; ++j) {
          const double through = cost(order[k]) + (1 - quality(order[k])) * least[j][a - 1];
          if (through < least[k][a]) least[k][a] = through, then[k][a] = j;
        }
      }
    std::size_t at = last;
    for (std::size_t k = 0; k < kept; ++k)
      if (least[k][most] < least[at][most]) at = k;
    for (std::size_t a = most;; --a) {
      chain.members[chain.size++] = order[at];
      if (at == last) return chain;
      at = then[at][a];
    }
  }
};

std::unique_ptr<Selector> make(const Json& json, std::string_view where) {
  auto s = std::make_unique<Cascade>();
  Parameters settings(json, where);
  s->objective = read_objective(settings);
  s->attempts = static_cast<int>(settings.integer("max_attempts", s->attempts, 1, limit));
  settings.finish();
  return s;
}

}  // namespace

Algorithm cascade_algorithm() {
  return {"cascade", "a small model first, larger ones when its answer does not verify", make};
}

}  // namespace wattline::policy
