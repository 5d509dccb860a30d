#include "serve/pool.h"

#include <algorithm>
#include <functional>

#include "kernel/time.h"

namespace wattline::serve {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr double longest_rest_s = 60;  // whatever its Retry-After says

bool is_full(const Upstream& u) { return u.in_flight.load(relaxed) >= u.config.max_in_flight; }

}  // namespace

ModelPool::ModelPool(std::string id, std::size_t index, BalanceConfig balance)
    : retry_budget(balance.retry.budget, 10),
      hedge_budget(balance.hedge.budget, 2),
      id_(std::move(id)),
      index_(index),
      balance_(balance),
      started_ns_(monotonic_ns()) {}

void ModelPool::add(const ServedModel& model, Upstream& upstream, double weight, int tier) {
  const auto seed = std::hash<std::string>()(upstream.config.name + "/" + id_);
  members_.push_back(std::make_unique<PoolMember>(model, upstream, weight, tier, seed));
}

bool ModelPool::admitted(const PoolMember& m, std::int64_t now) const {
  return !m.upstream.drained.load(relaxed) && !is_full(m.upstream) && m.rests_until_ns.load(relaxed) <= now;
}

std::optional<ModelPool::Choice> ModelPool::choose(Seat& seat, std::uint64_t tried, bool stream, std::int64_t now,
                                                   bool may_be_in_need) {
  seat.views.resize(members_.size());
  for (const bool in_need : {false, true}) {
    if (in_need && !may_be_in_need) break;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      PoolMember& m = *members_[i];
      MemberView& v = seat.views[i];
      const auto& config = m.upstream.config;
      v.usable =
          !(tried >> i & 1) && admitted(m, now) && (in_need || (m.upstream.health.up() && m.breaker.admits(now)));
      if (!v.usable) continue;
      v.tier = m.tier;
      v.weight = m.weight;
      if (config.warm_up.base() > 0)
        v.weight *= warm_share(now - std::max(started_ns_, m.upstream.health.up_since_ns()), config.warm_up);
      v.outstanding = m.upstream.in_flight.load(relaxed);
      if (!config.metrics.path.empty()) v.outstanding += m.upstream.engine.others(config.metrics.interval, now);
      if (balance_.policy == BalancePolicy::latency)
        v.first_byte_s = (stream ? m.stream_first_byte : m.whole).value(now);
    }
    while (const auto at = seat.balancer.pick(balance_.policy, seat.views)) {
      PoolMember& m = *members_[*at];
      const auto ticket = m.breaker.take(now);
      if (ticket.taken || in_need) {
        m.asked.fetch_add(1, relaxed);
        return Choice{&m, *at, ticket};
      }
      seat.views[*at].usable = false;  // another took the probe
    }
  }
  return std::nullopt;
}

ModelPool::Nobody ModelPool::nobody(std::int64_t now) const {
  Nobody out;
  for (const auto& m : members_) {
    if (m->upstream.drained.load(relaxed)) continue;
    if (is_full(m->upstream)) {
      out.full = true;
      continue;
    }
    const Duration rest(static_cast<double>(m->rests_until_ns.load(relaxed) - now) * 1e-9);
    if (rest.base() > 0 && (!out.rest || rest < *out.rest)) out.rest = rest;
  }
  return out;
}

void ModelPool::answered(const Choice& c, bool stream, double seconds, std::int64_t now) {
  (stream ? c.member->stream_first_byte : c.member->whole).add(seconds, now);
  if (balance_.hedge.enabled) (stream ? stream_times_ : whole_times_).add(seconds);
  // A probe that has begun to answer is enough to let others in.
  if (c.ticket.probe) c.member->breaker.success(c.ticket, now);
}

void ModelPool::succeeded(const Choice& c, std::int64_t now) {
  if (!c.ticket.probe) c.member->breaker.success(c.ticket, now);
}

bool ModelPool::failed(const Choice& c, const Failure& failure, std::int64_t now) {
  if (!speaks_against(failure)) {
    // It did answer; the question or the crowd was at fault.
    c.member->breaker.success(c.ticket, now);
    return false;
  }
  c.member->failed.fetch_add(1, relaxed);
  std::lock_guard lock(failing_);
  std::size_t open = 0;
  for (const auto& m : members_)
    if (m->breaker.state(now) != CircuitBreaker::State::closed) ++open;
  return c.member->breaker.failure(c.ticket, now, 2 * (open + 1) <= members_.size());
}

void ModelPool::given_up(const Choice& c, bool stream, double seconds, std::int64_t now) {
  (stream ? c.member->stream_first_byte : c.member->whole).at_least(seconds, now);
  c.member->breaker.forget(c.ticket);
}

void ModelPool::rest(const Choice& c, Duration d, std::int64_t now) {
  if (members_.size() < 2) return;  // then the client decides
  c.member->rests_until_ns.store(now + static_cast<std::int64_t>(std::min(d.base(), longest_rest_s) * 1e9), relaxed);
}

int ModelPool::retries() const {
  if (balance_.retry.most >= 0) return balance_.retry.most;
  return static_cast<int>(std::min<std::size_t>(members_.size() - 1, 2));
}

std::optional<Duration> ModelPool::hedge_delay(bool stream) const {
  if (!balance_.hedge.enabled || members_.size() < 2) return std::nullopt;
  const auto slow = (stream ? stream_times_ : whole_times_).quantile(balance_.hedge.quantile);
  if (!slow) return std::nullopt;
  return std::max(*slow, balance_.hedge.at_least);
}

}  // namespace wattline::serve
