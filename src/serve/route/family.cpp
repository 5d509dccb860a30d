#include "serve/route/family.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/options.h"
#include "lm/tasks.h"
#include "policy/quality/text_quality.h"

namespace wattline::serve {
namespace {

class FromText final : public QualityModel {
 public:
  explicit FromText(policy::TextQuality quality) : quality_(std::move(quality)) {}

  const policy::TextQuality& quality() const { return quality_; }
  void predict(const policy::RequestView& request, std::span<policy::Prediction> candidates) const override {
    thread_local std::vector<policy::Quality> all;
    all.resize(quality_.models().size());
    quality_.predict(request.query(), all);
    for (auto& c : candidates)
      for (std::size_t m = 0; m < all.size(); ++m)
        if (quality_.models()[m] == c.model) {
          c.quality = c.quality_high = all[m].expected;
          c.quality_low = all[m].low;
        }
  }

 private:
  policy::TextQuality quality_;
};

std::shared_ptr<const FromText> builtin_quality() {
  static const auto loaded = [] {
    const std::string_view bytes = lm::family_quality();
    return bytes.empty() ? nullptr
                         : std::make_shared<const FromText>(policy::TextQuality::load(bytes, "built-in quality"));
  }();
  return loaded;
}

}  // namespace

std::shared_ptr<const QualityModel> load_quality(const RouterConfig& config) {
  if (config.quality.empty()) return nullptr;
  if (config.quality == "builtin") {
    if (auto q = builtin_quality()) return q;
    throw Error(ErrorKind::unsupported, "this build has no predictions for its built-in models", config.where);
  }
  const std::string bytes = InputFile::from_path(config.quality).read(std::size_t{64} << 20);
  return std::make_shared<const FromText>(policy::TextQuality::load(bytes, config.quality));
}

std::vector<RouterConfig> family_routers(const std::vector<std::unique_ptr<ServedModel>>& models) {
  const auto quality = builtin_quality();
  if (!quality) return {};
  RouterConfig usual;
  usual.id = "auto";
  usual.quality = "builtin";
  usual.settings.set("min_quality", 0.9);
  const auto& known = quality->quality().models();
  for (const auto& m : models) {
    if (m->id == usual.id) return {};
    if (m->builtin && std::find(known.begin(), known.end(), m->id) != known.end())
      usual.candidates.push_back({m->id, NAN, {}});
  }
  if (usual.candidates.size() < 2) return {};
  std::vector<RouterConfig> all = {usual};
  for (const auto& algorithm : policy::algorithms()) {
    RouterConfig& r = all.emplace_back(usual);
    r.id = fmt::format("auto/{}", algorithm.name);
    r.algorithm = algorithm.name;
    if (algorithm.name != usual.algorithm) r.settings = Json::Object{};
    if (algorithm.name == "cascade")
      r.verify = policy::StopRule{policy::StopRule::Method::avg_logprob, lm::family_verify_threshold()};
  }
  return all;
}

}  // namespace wattline::serve
