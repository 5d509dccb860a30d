// Thompson sampling: each model is chosen as often as it is likely to be the best, by its Beta posterior in this
// domain, less a price. The prior is the predicted quality (a model card's, a calibrated one), worth `prior` answers.
#include <algorithm>
#include <array>

#include "policy/select/beta.h"
#include "policy/select/experience.h"
#include "policy/select/family.h"
#include "policy/select/parameters.h"

namespace wattline::policy {
namespace {

struct Answers {
  Tally good, bad;

  void write(Json& row) const {
    row.set("good", static_cast<double>(good));
    row.set("bad", static_cast<double>(bad));
  }
  void read(const Json& row) {
    good.read(row, "good");
    bad.read(row, "bad");
  }
};

class Thompson final : public Selector {
 public:
  Objective objective;
  double prior = 2, cost_weight = 0.1, floor = 0.01, keep = 1;

  std::string_view name() const override { return "thompson"; }

  Reasons weigh(std::span<const Prediction> candidates, const Situation& s, std::span<double> scores,
                std::span<double> chances) const override {
    std::array<Beta, 16> beliefs;
    std::array<double, 16> shift;
    const std::size_t n = std::min(candidates.size(), beliefs.size());
    double most = 0;
    for (const auto& c : candidates)
      if (const double cost = objective.cost(c); c.able && known(cost)) most = std::max(most, cost);
    const auto learned = experience_.view();
    for (std::size_t i = 0; i < n; ++i) {
      const auto& c = candidates[i];
      const double q = known(c.quality) ? std::clamp(c.quality, 0.0, 1.0) : 0.5, cost = objective.cost(c);
      const Answers* a = learned.find(c.model, s.domain);
      beliefs[i] = {1 + prior * q + (a ? a->good : 0), 1 + prior * (1 - q) + (a ? a->bad : 0)};
      // An unknown cost is taken for the highest.
      const double price = most > 0 ? cost_weight * (known(cost) ? cost / most : 1) : 0;
      shift[i] = c.able ? -price : -INFINITY;
      scores[i] = c.able ? beliefs[i].mean() - price : 0;
    }
    chance_of_best(std::span(beliefs).first(n), std::span(shift).first(n), chances);
    mix_uniform(floor, candidates, chances);
    return {"likeliest to be the best", "drawn as often as it may be the best"};
  }

  void learn(std::span<const Prediction> candidates, const Situation& s, const Feedback& f) override {
    if (f.candidate < 0 || static_cast<std::size_t>(f.candidate) >= candidates.size()) return;
    const double q = f.failed ? 0 : f.quality;
    if (!known(q)) return;
    experience_.learn(candidates[static_cast<std::size_t>(f.candidate)].model, s.domain, [&](Answers& a) {
      a.good.set(keep * a.good + std::clamp(q, 0.0, 1.0));
      a.bad.set(keep * a.bad + 1 - std::clamp(q, 0.0, 1.0));
    });
  }

  Json state() const override { return Json::Object{{"answers", experience_.json()}}; }
  void restore(const Json& json) override { experience_.restore(json.at("answers")); }

 private:
  Experience<Answers> experience_;
};

std::unique_ptr<Selector> make(const Json& json, std::string_view where) {
  auto s = std::make_unique<Thompson>();
  Parameters settings(json, where);
  s->objective = read_objective(settings);
  s->prior = settings.number("prior", s->prior, 0, 1e6);
  s->cost_weight = settings.number("cost_weight", s->cost_weight, 0, 100);
  s->floor = settings.number("min_chance", s->floor, 0, 0.5);
  s->keep = settings.number("keep", s->keep, 0.5, 1);
  settings.finish();
  return s;
}

}  // namespace

Algorithm thompson_algorithm() {
  return {"thompson", "each as often as it is likely to be the best, learned from answers by domain", make};
}

}  // namespace wattline::policy
