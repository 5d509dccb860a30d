// The reference: the first that is able.
#include "policy/select/family.h"
#include "policy/select/parameters.h"

namespace wattline::policy {
namespace {

class Static final : public Selector {
 public:
  std::string_view name() const override { return "static"; }
  Reasons weigh(std::span<const Prediction> candidates, const Situation&, std::span<double> scores,
                std::span<double> chances) const override {
    for (std::size_t i = 0; i < candidates.size(); ++i)
      scores[i] = candidates[i].able ? 1 / static_cast<double>(1 + i) : 0;
    certain(best_of(candidates, scores), chances);
    return {"the first that is able"};
  }
};

std::unique_ptr<Selector> make(const Json& json, std::string_view where) {
  Parameters(json, where).finish();
  return std::make_unique<Static>();
}

}  // namespace

Algorithm static_algorithm() { return {"static", "the first candidate that is able", make}; }

}  // namespace wattline::policy
