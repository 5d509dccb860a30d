#include "serve/balancer.h"

#include <algorithm>
#include <limits>

#include "serve/chance.h"

namespace wattline::serve {
namespace {

bool candidate(const MemberView& m, int tier) { return m.usable && m.tier == tier; }

}  // namespace

// The round robin among the candidates that cost no more than `cost`.
std::optional<std::size_t> Balancer::in_turn(std::span<const MemberView> members, int tier,
                                             std::span<const double> costs, double cost) {
  std::optional<std::size_t> best;
  double sum = 0;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (!candidate(members[i], tier) || costs[i] > cost) continue;
    credit_[i] += members[i].weight;
    sum += members[i].weight;
    if (!best || credit_[i] > credit_[*best]) best = i;
  }
  if (best) credit_[*best] -= sum;
  return best;
}

std::optional<std::size_t> Balancer::pick(BalancePolicy policy, std::span<const MemberView> members) {
  std::optional<int> tier;
  for (const auto& m : members)
    if (m.usable && (!tier || m.tier < *tier)) tier = m.tier;
  if (!tier) return std::nullopt;
  if (credit_.size() != members.size()) {
    // Several threads, or gateways, do not all begin with the same member.
    credit_.assign(members.size(), 0);
    for (auto& c : credit_) c = chance_of(random_) * 1e-6;
    costs_.assign(members.size(), 0);
  }
  std::fill(costs_.begin(), costs_.end(), 0);
  if (policy == BalancePolicy::weighted) return in_turn(members, *tier, costs_, 0);

  double quickest = std::numeric_limits<double>::infinity();
  if (policy == BalancePolicy::latency)
    for (const auto& m : members)
      if (candidate(m, *tier) && m.first_byte_s) quickest = std::min(quickest, *m.first_byte_s);
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < members.size(); ++i) {
    const MemberView& m = members[i];
    if (!candidate(m, *tier)) continue;
    double cost = (m.outstanding + 1) / m.weight;
    if (policy == BalancePolicy::latency && quickest < std::numeric_limits<double>::infinity()) {
      if (m.first_byte_s) cost *= *m.first_byte_s;
      else cost *= m.outstanding > 0 ? quickest : 0;
    }
    costs_[i] = cost;
    least = std::min(least, cost);
  }
  return in_turn(members, *tier, costs_, least);
}

}  // namespace wattline::serve
