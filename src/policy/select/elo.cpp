// Ratings from comparisons. `elo` moves them by each result (K-factor); `bradley_terry` fits them to all results at
// once (minorisation-maximisation; Hunter, Ann. Stat. 32, 2004), so that their order does not matter. Scale 400:
// P(a beats b) = 1 / (1 + 10^((Rb - Ra) / 400)) (wrp-router, section 7). A rated answer without a rival is a game
// against the mean of the field.
#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>

#include "kernel/error.h"
#include "policy/select/family.h"
#include "policy/select/parameters.h"

namespace wattline::policy {
namespace {

struct Board {
  std::map<std::string, double, std::less<>> rating;
  // wins[{a, b}]: what a scored against b; "" is the field.
  std::map<std::pair<std::string, std::string>, double> wins;
};
constexpr std::size_t max_models = 64;
constexpr double start = 1500;

double expected(double a, double b) { return 1 / (1 + std::pow(10.0, (b - a) / 400)); }

class Ratings final : public Selector {
 public:
  explicit Ratings(bool fit) : fit_(fit) {}
  Objective objective;
  double k = 32, cost_weight = 0.1, epsilon = 0.02;

  std::string_view name() const override { return fit_ ? "bradley_terry" : "elo"; }

  Reasons weigh(std::span<const Prediction> candidates, const Situation&, std::span<double> scores,
                std::span<double> chances) const override {
    const auto board = board_.load();
    double most = 0;
    for (const auto& c : candidates)
      if (const double cost = objective.cost(c); c.able && known(cost)) most = std::max(most, cost);
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const auto found = board->rating.find(candidates[i].model);
      const double cost = objective.cost(candidates[i]);
      const double price = most > 0 ? cost_weight * (known(cost) ? cost / most : 1) : 0;
      // The chance to beat an average model.
      scores[i] =
          candidates[i].able ? expected(found == board->rating.end() ? start : found->second, start) - price : 0;
    }
    certain(best_of(candidates, scores), chances);
    mix_uniform(epsilon, candidates, chances);
    return {"highest rating for its price"};
  }

  void learn(std::span<const Prediction> candidates, const Situation&, const Feedback& f) override {
    const auto in = [&](int i) { return i >= 0 && static_cast<std::size_t>(i) < candidates.size(); };
    if (!in(f.candidate) || f.preferred_over == f.candidate) return;
    const std::string_view a = candidates[static_cast<std::size_t>(f.candidate)].model;
    const std::string_view b = in(f.preferred_over) ? candidates[static_cast<std::size_t>(f.preferred_over)].model : "";
    const double score = !b.empty() ? 1 : f.failed ? 0 : f.quality;
    if (!known(score)) return;
    const std::lock_guard hold(writing_);
    auto board = std::make_shared<Board>(*board_.load());
    for (const auto& m : {a, b})
      if (!m.empty() && !board->rating.contains(m)) {
        if (board->rating.size() >= max_models) return;
        board->rating.emplace(m, start);
      }
    const double s = std::clamp(score, 0.0, 1.0);
    if (fit_) {
      board->wins[{std::string(a), std::string(b)}] += s;
      board->wins[{std::string(b), std::string(a)}] += 1 - s;
      fit(*board);
    } else {
      double& ra = board->rating.find(a)->second;
      const double surprise = k * (s - expected(ra, b.empty() ? start : board->rating.find(b)->second));
      ra += surprise;
      if (!b.empty()) board->rating.find(b)->second -= surprise;
    }
    board_.store(std::move(board));
  }

  Json state() const override {
    const auto board = board_.load();
    Json::Object ratings;
    Json::Array wins;
    for (const auto& [model, r] : board->rating) ratings.emplace_back(model, r);
    for (const auto& [pair, n] : board->wins) wins.push_back(Json::Array{pair.first, pair.second, n});
    return Json::Object{{"ratings", Json(std::move(ratings))}, {"wins", Json(std::move(wins))}};
  }

  void restore(const Json& json) override {
    auto board = std::make_shared<Board>();
    for (const auto& [model, r] : json.at("ratings").as_object()) {
      if (board->rating.size() >= max_models || !std::isfinite(r.as_number()))
        throw bad_input("no state of ratings: at most 64 models with finite ratings are expected", "ratings");
      board->rating[model] = r.as_number();
    }
    for (const auto& row : json.at("wins").as_array()) {
      const auto& cells = row.as_array();
      if (cells.size() != 3 || !(cells[2].as_number() >= 0))
        throw bad_input("no state of ratings: [winner, loser, number of wins] is expected", "wins");
      for (int i : {0, 1})
        if (const auto& m = cells[static_cast<std::size_t>(i)].as_string(); !m.empty() && !board->rating.contains(m))
          throw bad_input("a win of a model without a rating", "wins");
      board->wins[{cells[0].as_string(), cells[1].as_string()}] = cells[2].as_number();
    }
    const std::lock_guard hold(writing_);
    board_.store(std::move(board));
  }

 private:
  // The field has strength 1 and half a win and a loss against everyone, so that a model that always won stays finite.
  static void fit(Board& board) {
    std::map<std::string, double, std::less<>> strength;
    for (const auto& [m, r] : board.rating) strength[m] = std::pow(10.0, (r - start) / 400);
    for (int round = 0; round < 100; ++round) {
      double moved = 0;
      for (auto& [m, p] : strength) {
        double won = 0.5, games = 1 / (p + 1);
        for (const auto& [pair, n] : board.wins) {
          if (pair.first != m && pair.second != m) continue;
          const std::string& rival = pair.first == m ? pair.second : pair.first;
          if (pair.first == m) won += n;
          games += n / (p + (rival.empty() ? 1 : strength.find(rival)->second));
        }
        const double next = won / games;
        moved = std::max(moved, std::abs(std::log(next / p)));
        p = next;
      }
      if (moved < 1e-9) break;
    }
    for (auto& [m, r] : board.rating) r = start + 400 * std::log10(strength.find(m)->second);
  }

  bool fit_;
  std::atomic<std::shared_ptr<const Board>> board_ = std::make_shared<const Board>();
  std::mutex writing_;
};

template <bool fit>
std::unique_ptr<Selector> make(const Json& json, std::string_view where) {
  auto s = std::make_unique<Ratings>(fit);
  Parameters settings(json, where);
  s->objective = read_objective(settings);
  if (!fit) s->k = settings.number("k", s->k, 0.1, 1000);
  s->cost_weight = settings.number("cost_weight", s->cost_weight, 0, 100);
  s->epsilon = settings.number("epsilon", s->epsilon, 0, 1);
  settings.finish();
  return s;
}

}  // namespace

Algorithm elo_algorithm() { return {"elo", "the highest rating, moved by each comparison", make<false>}; }
Algorithm bradley_terry_algorithm() {
  return {"bradley_terry", "the highest rating, fitted to all comparisons", make<true>};
}

}  // namespace wattline::policy
