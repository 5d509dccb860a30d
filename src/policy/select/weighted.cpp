// By chance, in proportion to the candidates' weights.
#include "policy/select/family.h"
#include "policy/select/parameters.h"

namespace wattline::policy {
namespace {

class Weighted final : public Selector {
 public:
  std::string_view name() const override { return "weighted"; }
  Reasons weigh(std::span<const Prediction> candidates, const Situation&, std::span<double> scores,
                std::span<double> chances) const override {
    double sum = 0;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const double w = candidates[i].weight;
      sum += chances[i] = candidates[i].able && w > 0 && std::isfinite(w) ? w : 0;
    }
    if (sum > 0)
      for (double& c : chances) c /= sum;
    else  // weights say nothing of the able ones
      mix_uniform(1, candidates, chances);
    for (std::size_t i = 0; i < chances.size(); ++i) scores[i] = chances[i];
    return {"drawn by weight", "drawn by weight"};
  }
};

std::unique_ptr<Selector> make(const Json& json, std::string_view where) {
  Parameters(json, where).finish();
  return std::make_unique<Weighted>();
}

}  // namespace

Algorithm weighted_algorithm() { return {"weighted", "by chance, in proportion to the weights", make}; }

}  // namespace wattline::policy
