// The A to E label of Castaño et al. 2023 (replication package GAISSA-UPC/ML-EnergyLabel): five metrics, each an index
// against a reference model, a rating 0 (best) to 4 by the percentiles of a population, and their weighted mean.
//
// The package takes the boundaries of CO2 on the square root of the index and compares the index itself with them;
// Convention::published does so too, which is needed to get its labels; Convention::consistent compares like with like.
// Indices have no unit. Nothing is rated on what is not given: weights are renormalised.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "ledger/label/entry.h"

namespace wattline::ledger {

enum class Convention { published, consistent };
enum class LabelWeights { paper, older, without_downloads };

inline constexpr std::size_t label_metrics = 5;
// co2, size_efficiency, dataset_efficiency, downloads, performance
std::string_view metric_name(std::size_t);
std::string_view metric_unit(std::size_t);

using MetricValues = std::array<std::optional<double>, label_metrics>;  // grams, B/g, B/g, count, 0..1
MetricValues metric_values(const ModelEntry&);

struct LabelScale {
  std::array<double, label_metrics> reference{};
  // Descending; of co2 on the square root of the index. NaN where nothing is known to rate by.
  std::array<std::array<double, 4>, label_metrics> boundaries{};
  std::array<double, label_metrics> weights{};
  std::string population;  // what the boundaries are of
};
// The paper's own, from the catalog.
LabelScale paper_scale(const catalog::Catalog&, LabelWeights, std::vector<FactorUse>* used = nullptr);
// The paper's reference model and weights with the boundaries of these models. A metric the reference lacks is the
// median of the models, as there.
LabelScale scale_of(const std::vector<ModelEntry>&, const LabelScale& paper);

struct MetricRating {
  double index = 0;
  int rating = 0;  // 0..4
};
struct Label {
  std::array<std::optional<MetricRating>, label_metrics> metrics;
  int rating = 4;
  double mean = 0;
  char letter() const { return static_cast<char>('A' + rating); }
};
// Nothing when the emissions are not given: a label of downloads alone would say nothing of energy.
std::optional<Label> label_of(const MetricValues&, const LabelScale&, Convention);

}  // namespace wattline::ledger
