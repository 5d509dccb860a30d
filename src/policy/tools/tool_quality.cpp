#include "policy/tools/tool_quality.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "study/summary.h"

namespace wattline::policy {

std::vector<std::size_t> places_of(std::span<const float> scores, std::span<const std::uint32_t> right) {
  std::vector<std::size_t> places;
  const auto is_right = [&](std::size_t t) { return std::find(right.begin(), right.end(), t) != right.end(); };
  for (const auto r : right) {
    std::size_t before = 0;
    for (std::size_t t = 0; t < scores.size(); ++t) {
      if (t == r) continue;
      // Among right ones of one score the order means nothing, but each needs a place.
      before += scores[t] > scores[r] || (scores[t] == scores[r] && (!is_right(t) || t < r));
    }
    places.push_back(before + 1);
  }
  std::sort(places.begin(), places.end());
  return places;
}

double ndcg_at(std::size_t k, std::span<const std::size_t> places) {
  double gain = 0, ideal = 0;
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i] <= k) gain += 1 / std::log2(1 + static_cast<double>(places[i]));
    if (i < k) ideal += 1 / std::log2(2 + static_cast<double>(i));
  }
  return ideal > 0 ? gain / ideal : 0;
}

double recall_at(std::size_t k, std::span<const std::size_t> places) {
  if (places.empty()) return 0;
  const auto found = std::count_if(places.begin(), places.end(), [&](std::size_t p) { return p <= k; });
  return static_cast<double>(found) / static_cast<double>(places.size());
}

double RankingQuality::ndcg(std::size_t k) const {
  double sum = 0;
  for (const auto& p : places) sum += ndcg_at(k, p);
  return places.empty() ? std::nan("") : sum / static_cast<double>(places.size());
}

double RankingQuality::recall(std::size_t k) const {
  double sum = 0;
  for (const auto& p : places) sum += recall_at(k, p);
  return places.empty() ? std::nan("") : sum / static_cast<double>(places.size());
}

Interval RankingQuality::ndcg_interval(std::size_t k, std::size_t resamples, std::uint64_t seed) const {
  if (places.empty() || resamples == 0) return {std::nan(""), std::nan("")};
  std::vector<double> each;
  for (const auto& p : places) each.push_back(ndcg_at(k, p));
  std::mt19937_64 random(seed);
  std::vector<double> means(resamples);
  for (double& m : means) {
    double sum = 0;
    for (std::size_t i = 0; i < each.size(); ++i) sum += each[((random() >> 32) * each.size()) >> 32];
    m = sum / static_cast<double>(each.size());
  }
  std::sort(means.begin(), means.end());
  return {study::quantile(means, 0.025), study::quantile(means, 0.975)};
}

}  // namespace wattline::policy
