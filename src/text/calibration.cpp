#include "text/calibration.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "kernel/error.h"

namespace wattline::text {
namespace {

void same_length(std::size_t a, std::size_t b) {
  if (a != b) throw bad_input(fmt::format("{} scores for {} outcomes", a, b), "calibration", "give one for each");
}

}  // namespace

std::vector<ReliabilityBin> reliability(std::span<const double> confidence, std::span<const std::uint8_t> correct,
                                        int bins) {
  same_length(confidence.size(), correct.size());
  if (bins < 1 || bins > 1000) throw bad_input(fmt::format("{} bins", bins), "calibration", "1 to 1000");
  std::vector<ReliabilityBin> all(static_cast<std::size_t>(bins));
  for (std::size_t b = 0; b < all.size(); ++b) {
    all[b].low = static_cast<double>(b) / bins;
    all[b].high = static_cast<double>(b + 1) / bins;
  }
  for (std::size_t i = 0; i < confidence.size(); ++i) {
    const double c = confidence[i];
    if (!(c >= 0 && c <= 1)) throw bad_input(fmt::format("confidence {}", c), "calibration", "from 0 to 1");
    ReliabilityBin& bin = all[std::min(static_cast<std::size_t>(c * bins), all.size() - 1)];
    ++bin.count;
    bin.confidence += c;
    bin.accuracy += correct[i] != 0 ? 1 : 0;
  }
  for (ReliabilityBin& b : all)
    if (b.count > 0) {
      b.confidence /= static_cast<double>(b.count);
      b.accuracy /= static_cast<double>(b.count);
    }
  return all;
}

double calibration_error(std::span<const ReliabilityBin> bins) {
  double sum = 0, count = 0;
  for (const ReliabilityBin& b : bins) {
    sum += static_cast<double>(b.count) * std::abs(b.confidence - b.accuracy);
    count += static_cast<double>(b.count);
  }
  return count > 0 ? sum / count : 0;
}

double fit_temperature(std::span<const float> scores, std::size_t labels, std::span<const std::uint32_t> truth) {
  if (truth.empty()) return 1;
  same_length(scores.size(), labels * truth.size());
  for (const std::uint32_t t : truth)
    if (t >= labels) throw bad_input(fmt::format("label {} of {}", t, labels), "calibration");
  const auto loss = [&](double log_t) {
    const double by = std::exp(-log_t);
    double sum = 0;
    for (std::size_t i = 0; i < truth.size(); ++i) {
      const auto row = scores.subspan(i * labels, labels);
      const double most = static_cast<double>(*std::max_element(row.begin(), row.end()));
      double total = 0;
      for (const float s : row) total += std::exp((static_cast<double>(s) - most) * by);
      sum += std::log(total) - (static_cast<double>(row[truth[i]]) - most) * by;
    }
    return sum;
  };
  // The loss is convex in 1 / temperature, so it has one valley in its logarithm.
  double low = std::log(0.05), high = std::log(20.0);
  constexpr double golden = 0.6180339887498949;
  double a = high - golden * (high - low), b = low + golden * (high - low), at_a = loss(a), at_b = loss(b);
  while (high - low > 1e-4) {
    if (at_a < at_b) {
      high = b;
      b = a;
      at_b = at_a;
      at_a = loss(a = high - golden * (high - low));
    } else {
      low = a;
      a = b;
      at_a = at_b;
      at_b = loss(b = low + golden * (high - low));
    }
  }
  return std::exp((low + high) / 2);
}

double Platt::operator()(double score) const {
  const double z = a * score + b;
  return z >= 0 ? std::exp(-z) / (1 + std::exp(-z)) : 1 / (1 + std::exp(z));
}

Platt fit_platt(std::span<const double> scores, std::span<const std::uint8_t> outcomes) {
  same_length(scores.size(), outcomes.size());
  const auto yes = static_cast<double>(std::count_if(outcomes.begin(), outcomes.end(), [](auto o) { return o != 0; }));
  const double no = static_cast<double>(outcomes.size()) - yes;
  if (yes == 0 || no == 0)
    throw bad_input("all outcomes are alike", "calibration", "give examples of success and of failure");
  const double high = (yes + 1) / (yes + 2), low = 1 / (no + 2);
  const auto loss = [&](double a, double b) {
    double sum = 0;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const double t = outcomes[i] != 0 ? high : low, z = a * scores[i] + b;
      sum += z >= 0 ? t * z + std::log1p(std::exp(-z)) : (t - 1) * z + std::log1p(std::exp(z));
    }
    return sum;
  };
  Platt p{0, std::log((no + 1) / (yes + 1))};
  double value = loss(p.a, p.b);
  for (int iteration = 0; iteration < 100; ++iteration) {
    double aa = 1e-12, ab = 0, bb = 1e-12, ga = 0, gb = 0;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const double t = outcomes[i] != 0 ? high : low, q = p(scores[i]), d = q * (1 - q);
      aa += scores[i] * scores[i] * d;
      ab += scores[i] * d;
      bb += d;
      ga += scores[i] * (t - q);
      gb += t - q;
    }
    if (std::abs(ga) < 1e-8 && std::abs(gb) < 1e-8) break;
    const double determinant = aa * bb - ab * ab;
    const double da = -(bb * ga - ab * gb) / determinant, db = -(aa * gb - ab * ga) / determinant;
    double step = 1;
    for (; step > 1e-10; step /= 2) {
      const double next = loss(p.a + step * da, p.b + step * db);
      if (next < value + 1e-4 * step * (ga * da + gb * db)) {
        p = {p.a + step * da, p.b + step * db};
        value = next;
        break;
      }
    }
    if (step <= 1e-10) break;
  }
  return p;
}

Isotonic::Isotonic(std::span<const double> scores, std::span<const std::uint8_t> outcomes) {
  same_length(scores.size(), outcomes.size());
  if (scores.empty()) return;
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto i, auto j) { return scores[i] < scores[j]; });
  struct Block {
    double place, sum, count;  // sums
    double value() const { return sum / count; }
  };
  std::vector<Block> blocks;
  for (std::size_t k = 0; k < order.size();) {
    if (!std::isfinite(scores[order[k]])) throw bad_input("a score is not a number", "calibration");
    // Equal scores are one observation.
    Block block{0, 0, 0};
    const double score = scores[order[k]];
    for (; k < order.size() && scores[order[k]] == score; ++k) {
      block.place += score;
      block.sum += outcomes[order[k]] != 0 ? 1 : 0;
      block.count += 1;
    }
    blocks.push_back(block);
    while (blocks.size() > 1 && blocks[blocks.size() - 2].value() >= blocks.back().value()) {
      const Block last = blocks.back();
      blocks.pop_back();
      blocks.back().place += last.place;
      blocks.back().sum += last.sum;
      blocks.back().count += last.count;
    }
  }
  knots_.clear();
  for (const Block& b : blocks) knots_.emplace_back(b.place / b.count, b.value());
}

Isotonic::Isotonic(std::vector<std::pair<double, double>> knots) : knots_(std::move(knots)) {
  if (knots_.empty()) throw bad_input("no knots", "calibration");
  for (std::size_t k = 0; k < knots_.size(); ++k) {
    const bool fits = k == 0 || (knots_[k].first > knots_[k - 1].first && knots_[k].second >= knots_[k - 1].second);
    if (!fits || !std::isfinite(knots_[k].first) || !std::isfinite(knots_[k].second))
      throw bad_input(fmt::format("knot {} does not rise", k + 1), "calibration");
  }
}

double Isotonic::operator()(double score) const {
  if (!(score > knots_.front().first)) return knots_.front().second;
  if (score >= knots_.back().first) return knots_.back().second;
  const auto above =
      std::upper_bound(knots_.begin(), knots_.end(), score, [](double s, const auto& knot) { return s < knot.first; });
  const auto [x0, y0] = *(above - 1);
  const auto [x1, y1] = *above;
  return y0 + (y1 - y0) * (score - x0) / (x1 - x0);
}

}  // namespace wattline::text
