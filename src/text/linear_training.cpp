#include "text/linear_training.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"
#include "text/linear_algebra.h"

namespace wattline::text {
namespace {

std::vector<float> weights_of(std::span<const Example> examples, std::size_t labels, const FeatureReader& reader,
                              const TrainingOptions& o) {
  if (!(o.l2 >= 0) || !std::isfinite(o.l2)) throw bad_input(fmt::format("l2 is {}", o.l2), "training", "0 or more");
  std::vector<double> mass(labels, 0);
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const Example& e = examples[i];
    const std::string where = fmt::format("example {}", i + 1);
    if (e.label >= labels) throw bad_input(fmt::format("label {} of {}", e.label, labels), where);
    if (!(e.weight > 0) || !std::isfinite(e.weight))
      throw bad_input(fmt::format("weight {}", e.weight), where, "a number over 0");
    if (!e.features || e.features->dense.size() != reader.dense_width())
      throw bad_input("its features are not those of the reader", where);
    for (const auto& [place, value] : e.features->sparse)
      if (place >= reader.sparse_width()) throw bad_input("its features are not those of the reader", where);
    mass[e.label] += static_cast<double>(e.weight);
  }
  for (std::size_t l = 0; l < labels; ++l)
    if (mass[l] == 0) throw bad_input(fmt::format("label {} has no example", l + 1), "training", "remove the label");
  std::vector<float> weights;
  double total = 0;
  for (const Example& e : examples) {
    weights.push_back(
        static_cast<float>(o.balance ? static_cast<double>(e.weight) / mass[e.label] : static_cast<double>(e.weight)));
    total += static_cast<double>(weights.back());
  }
  for (float& w : weights) w = static_cast<float>(static_cast<double>(w) / total);
  return weights;
}

// By place of n-grams.
std::vector<float> rarity_of(std::span<const Example> examples, std::size_t places) {
  std::vector<std::uint32_t> in(places, 0), last(places, 0);
  for (std::uint32_t i = 0; i < examples.size(); ++i)
    for (const auto& [place, value] : examples[i].features->sparse)
      if (last[place] != i + 1) {
        last[place] = i + 1;
        ++in[place];
      }
  std::vector<float> rarity;
  for (const std::uint32_t n : in)
    rarity.push_back(std::max(0.05f, std::log(static_cast<float>(examples.size()) / static_cast<float>(n + 1)) / 3));
  return rarity;
}

}  // namespace

LinearHead train_linear_head(std::span<const Example> examples, const std::vector<std::string>& labels,
                             const FeatureReader& reader, const TrainingOptions& o, LbfgsReport* report,
                             const std::function<bool(int)>& go_on) {
  if (examples.empty()) throw bad_input("no examples", "training", "give some for each label");
  const std::size_t count = labels.size(), width = (count + 15) / 16 * 16, dense = reader.dense_width();
  const std::size_t features = dense + reader.sparse_width();
  const std::vector<float> weights = weights_of(examples, count, reader, o);
  // Copies of the n-grams alone, by their rarity; the penalty then falls on the scaled weights.
  std::vector<float> rarity(reader.sparse_width(), 1.0f);
  if (o.rarity) rarity = rarity_of(examples, reader.sparse_width());
  std::vector<Features> scaled(examples.size());
  for (std::size_t i = 0; i < examples.size(); ++i) {
    scaled[i] = *examples[i].features;
    for (auto& [place, value] : scaled[i].sparse) value *= rarity[place];
  }
  std::vector<float> errors(width, 0.0f);
  const auto loss = [&](std::span<const float> x, std::span<float> gradient) {
    std::fill(gradient.begin(), gradient.end(), 0.0f);
    const float *w = x.data(), *bias = x.data() + features * width;
    double sum = 0;
    for (std::size_t i = 0; i < examples.size(); ++i) {
      std::copy_n(bias, width, errors.begin());
      linear_scores(w, width, dense, scaled[i], errors.data());
      const float most = *std::max_element(errors.begin(), errors.begin() + static_cast<std::ptrdiff_t>(count));
      const float own = errors[examples[i].label] - most;
      float total = 0;
      for (std::size_t l = 0; l < count; ++l) total += errors[l] = std::exp(errors[l] - most);
      sum += static_cast<double>(weights[i]) * (std::log(static_cast<double>(total)) - static_cast<double>(own));
      for (std::size_t l = 0; l < count; ++l) errors[l] *= weights[i] / total;
      std::fill(errors.begin() + static_cast<std::ptrdiff_t>(count), errors.end(), 0.0f);
      errors[examples[i].label] -= weights[i];
      linear_gradient(gradient.data(), width, dense, scaled[i], errors.data());
      for (std::size_t l = 0; l < count; ++l) gradient[features * width + l] += errors[l];
    }
    double squares = 0;
    for (std::size_t k = 0; k < features * width; ++k) {
      squares += static_cast<double>(w[k]) * static_cast<double>(w[k]);
      gradient[k] += static_cast<float>(o.l2) * w[k];
    }
    return sum + 0.5 * o.l2 * squares;
  };
  std::vector<float> x((features + 1) * width, 0.0f);
  const LbfgsReport made = minimise(loss, x, o.solver, go_on);
  if (report) *report = made;
  std::vector<float> flat;
  flat.reserve(features * count);
  for (std::size_t f = 0; f < features; ++f)
    for (std::size_t l = 0; l < count; ++l) flat.push_back(x[f * width + l] * (f < dense ? 1 : rarity[f - dense]));
  return LinearHead(reader.fingerprint(), labels, dense, reader.sparse_width(), flat,
                    std::span(x).subspan(features * width, count));
}

}  // namespace wattline::text
