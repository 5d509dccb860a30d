// Which member of a pool gets the next request. Of one thread; the same seed and the same views give the
// same choices.
//
// weighted: smooth weighted round robin (as nginx does it), so a weight of 2 beside 1 is A B A, not A A B.
// least_outstanding: the smallest (requests under way + 1) / weight.
// latency: the smallest expected wait, time to the first byte x (requests under way + 1) / weight, the
// time being a peak-EWMA (peak_ewma.h). A member of which nothing is known gets one request at once when
// it has none, and else counts as quick as the quickest known, so it is neither starved nor flooded.
// Equals are taken in the order of the round robin.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "serve/pool_config.h"

namespace wattline::serve {

// A member as it looks now.
struct MemberView {
  double weight = 1;  // > 0
  int tier = 0;  // a lower one is exhausted before a higher one is asked
  double outstanding = 0;  // requests under way there, of others too where its engine tells
  std::optional<double> first_byte_s;
  bool usable = true;  // may be chosen
};

class Balancer {
 public:
  explicit Balancer(std::uint64_t seed) : random_(seed) {}
  // Nothing when none is usable. The span's size stays the same over the balancer's life.
  std::optional<std::size_t> pick(BalancePolicy, std::span<const MemberView>);

 private:
  std::optional<std::size_t> in_turn(std::span<const MemberView>, int tier, std::span<const double> costs, double cost);

  std::vector<double> credit_;  // of the round robin
  std::vector<double> costs_;
  std::uint64_t random_;
};

}  // namespace wattline::serve
