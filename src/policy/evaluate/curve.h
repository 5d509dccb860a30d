// What routing between a weak and a strong model gives: quality by the share of strong calls, and figures of it.
//
// APGR, the average performance gap recovered: mean over all shares f of (quality(f) - weak) / (strong - weak); 0.5 at
// random. CPT(x): the least share that recovers x of the gap. Ong et al., RouteLLM, arXiv 2406.18665. Rows with equal
// scores are taken as in random order, so that a coarse score is not flattered.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernel/estimate.h"

namespace wattline::policy {

struct TradeOff {
  double weak = 0, strong = 0;  // mean quality of always-weak, always-strong
  double apgr = 0;
  std::vector<double> share, quality;  // from 0 to 1; a point at each change of score

  double quality_at(double share) const;
  // The least share with quality >= weak + recovered (strong - weak); NaN when none has.
  double cpt(double recovered) const;
};
// `score`: the higher, the sooner a row goes to the strong model. All of one length.
TradeOff trade_off(std::span<const double> score, std::span<const double> weak, std::span<const double> strong);

struct TradeOffIntervals {
  Interval apgr, cpt50, cpt80, half;  // half: quality at half of the calls strong
};
// 95 %, percentile bootstrap over rows.
TradeOffIntervals trade_off_intervals(std::span<const double> score, std::span<const double> weak,
                                      std::span<const double> strong, std::size_t resamples, std::uint64_t seed);

}  // namespace wattline::policy
