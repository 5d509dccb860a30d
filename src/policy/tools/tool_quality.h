// How good a ranking of tools is: normalised discounted cumulative gain (Jarvelin and Kekalainen 2002) with gain 1 for
// each tool that serves the query, and recall. A wrong tool with the same score counts as ranked before.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernel/estimate.h"
#include "policy/tools/tool_data.h"

namespace wattline::policy {

// Places (1 is first) of `right` among all by falling score, ascending.
std::vector<std::size_t> places_of(std::span<const float> scores, std::span<const std::uint32_t> right);
double ndcg_at(std::size_t k, std::span<const std::size_t> places);
double recall_at(std::size_t k, std::span<const std::size_t> places);

// A ranking of many queries.
struct RankingQuality {
  std::vector<std::vector<std::size_t>> places;  // of each query

  double ndcg(std::size_t k) const;
  double recall(std::size_t k) const;
  // Mean over queries of NDCG@k, 95 % percentile bootstrap over queries.
  Interval ndcg_interval(std::size_t k, std::size_t resamples, std::uint64_t seed) const;
};

}  // namespace wattline::policy
