// What another policy would have earned, told from a log of this one: importance weighting by the logged propensity
// (Horvitz and Thompson 1952; Dudik, Langford, Li, ICML 2011, for the doubly robust form).
#pragma once

#include <cstdint>
#include <span>

#include "kernel/estimate.h"

namespace wattline::policy {

struct LoggedChoice {
  double reward = 0;
  double logged = 1;  // probability with which the log's policy made this choice, above 0
  double target = 0;  // probability with which the judged policy makes it
  double predicted = 0;  // reward model: of this choice
  double predicted_target = 0;  // reward model: mean under the judged policy's choice
};

struct PolicyValue {
  double value = 0;
  Interval interval;  // 95 %, percentile bootstrap over rows
};
struct OffPolicy {
  PolicyValue ips;  // mean of w r; unbiased, wide
  PolicyValue self_normalised;  // sum of w r / sum of w; bounded by the rewards, a little biased
  PolicyValue doubly_robust;  // mean of m + w (r - predicted); unbiased when either side is right
  double effective_n = 0;  // (sum w)^2 / sum w^2
  double largest_weight = 0;
  double mean_weight = 0;  // about 1, or the log does not support the policy
};
// Weights above `cap` are cut to it (0: none), which trades variance for bias. Error(bad_input) for an empty log and
// for propensities that are not above 0 and at most 1.
OffPolicy off_policy(std::span<const LoggedChoice>, double cap = 0, std::size_t resamples = 1000,
                     std::uint64_t seed = 1);

}  // namespace wattline::policy
