#include "ledger/label/rating.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "study/summary.h"

namespace wattline::ledger {
namespace {

constexpr std::array<std::string_view, label_metrics> names{"co2", "size_efficiency", "dataset_efficiency", "downloads",
                                                            "performance"};
constexpr std::size_t co2 = 0, downloads = 3;

// Against the reference: more is better but of CO2. No emissions at all is better than any number.
std::optional<double> index_of(std::size_t metric, std::optional<double> value, double reference) {
  if (!value || std::isnan(reference)) return std::nullopt;
  if (metric == co2) return *value == 0 ? INFINITY : reference / *value;
  return *value / reference;
}

int rating_of(double index, const std::array<double, 4>& boundaries) {
  for (int i = 0; i < 4; ++i)
    if (index > boundaries[static_cast<std::size_t>(i)]) return i;
  return 4;
}

}  // namespace

std::string_view metric_name(std::size_t m) { return names[m]; }
std::string_view metric_unit(std::size_t m) {
  constexpr std::array<std::string_view, label_metrics> units{"gCO2e", "B/gCO2e", "B/gCO2e", "", ""};
  return units[m];
}

MetricValues metric_values(const ModelEntry& m) {
  MetricValues out;
  out[co2] = m.emissions;
  const auto per_gram = [&](std::optional<double> bytes) -> std::optional<double> {
    if (!bytes || !m.emissions || (*m.emissions == 0 && *bytes == 0)) return std::nullopt;
    return *m.emissions == 0 ? INFINITY : *bytes / *m.emissions;
  };
  out[1] = per_gram(m.size);
  out[2] = per_gram(m.dataset_size);
  out[downloads] = m.downloads;
  out[4] = m.performance;
  return out;
}

LabelScale paper_scale(const catalog::Catalog& catalog, LabelWeights weights, std::vector<FactorUse>* used) {
  const auto value = [&](const std::string& id) {
    const auto& factor = catalog.factor(id);
    if (used) used->push_back(factor.use());
    return factor.value;
  };
  const char* set = weights == LabelWeights::older   ? "weight_older"
                    : weights == LabelWeights::paper ? "weight"
                                                     : "weight_without_downloads";
  LabelScale out;
  out.population = "the 1,419 models of the paper's package, 2023";
  for (std::size_t m = 0; m < label_metrics; ++m) {
    out.reference[m] = value(fmt::format("label.reference.{}", names[m]));
    out.weights[m] = value(fmt::format("label.{}.{}", set, names[m]));
    for (std::size_t b = 0; b < 4; ++b)
      out.boundaries[m][b] = value(fmt::format("label.boundary.{}.{}", names[m], b + 1));
  }
  return out;
}

LabelScale scale_of(const std::vector<ModelEntry>& models, const LabelScale& paper) {
  constexpr std::array<double, 4> usual{0.8, 0.6, 0.4, 0.2}, of_downloads{0.96, 0.94, 0.85, 0.60};
  LabelScale out = paper;
  out.population = fmt::format("the {} models of this table", models.size());
  for (std::size_t m = 0; m < label_metrics; ++m) {
    std::vector<double> values, indices;
    for (const auto& model : models)
      if (const auto v = metric_values(model)[m]) values.push_back(*v);
    // The reference model has no performance: the package takes the median of the models.
    if (m == 4 && !values.empty()) out.reference[m] = study::median(values);
    for (const double v : values)
      if (const auto index = index_of(m, v, out.reference[m])) indices.push_back(m == co2 ? std::sqrt(*index) : *index);
    std::sort(indices.begin(), indices.end());
    for (std::size_t b = 0; b < 4; ++b) {
      double& boundary = out.boundaries[m][b];
      boundary = indices.empty() ? NAN : study::quantile(indices, m == downloads ? of_downloads[b] : usual[b]);
      // Between two models without emissions there is nothing to interpolate.
      if (!indices.empty() && std::isnan(boundary)) boundary = INFINITY;
    }
  }
  return out;
}

std::optional<Label> label_of(const MetricValues& values, const LabelScale& scale, Convention convention) {
  if (!values[co2]) return std::nullopt;
  Label out;
  // Whole parts of ten thousand: a mean of exactly 1.5 must be seen as one (half goes to the even rating).
  std::int64_t sum = 0, weights = 0;
  for (std::size_t m = 0; m < label_metrics; ++m) {
    const auto index = index_of(m, values[m], scale.reference[m]);
    if (!index || std::isnan(scale.boundaries[m][0])) continue;
    const double compared = m == co2 && convention == Convention::consistent ? std::sqrt(*index) : *index;
    out.metrics[m] = MetricRating{*index, rating_of(compared, scale.boundaries[m])};
    const auto weight = std::llround(scale.weights[m] * 10'000);
    sum += weight * out.metrics[m]->rating;
    weights += weight;
  }
  if (weights <= 0) return std::nullopt;
  out.mean = static_cast<double>(sum) / static_cast<double>(weights);
  const std::int64_t whole = sum / weights, twice = 2 * (sum - whole * weights);
  out.rating = static_cast<int>(whole + (twice > weights || (twice == weights && whole % 2 == 1) ? 1 : 0));
  return out;
}

}  // namespace wattline::ledger
