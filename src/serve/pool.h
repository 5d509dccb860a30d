// The upstreams that serve one model id: which of them is asked next, and what is learnt from how it
// went. Safe from any thread; a Seat is what one thread keeps for itself.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "serve/balancer.h"
#include "serve/circuit_breaker.h"
#include "serve/hedge.h"
#include "serve/peak_ewma.h"
#include "serve/retry.h"
#include "serve/upstream.h"

namespace wattline::serve {

struct PoolMember {
  PoolMember(const ServedModel& m, Upstream& u, double w, int t, std::uint64_t seed)
      : model(m), upstream(u), weight(w), tier(t), breaker(u.config.breaker, seed) {}

  const ServedModel& model;
  Upstream& upstream;
  const double weight;
  const int tier;
  CircuitBreaker breaker;
  PeakEwma stream_first_byte, whole;  // seconds to the first event, to the whole reply
  std::atomic<std::int64_t> rests_until_ns{0};  // it said Retry-After
  std::atomic<std::int64_t> asked{0}, failed{0};
};

class ModelPool {
 public:
  static constexpr std::size_t most_members = 64;

  // Members in the order of the configuration.
  ModelPool(std::string id, std::size_t index, BalanceConfig);
  void add(const ServedModel&, Upstream&, double weight, int tier);

  struct Seat {
    explicit Seat(std::uint64_t seed) : balancer(seed), random(~seed) {}
    Balancer balancer;
    std::vector<MemberView> views;
    std::uint64_t random;  // of the back-off
  };
  struct Choice {
    PoolMember* member = nullptr;
    std::size_t at = 0;
    CircuitBreaker::Ticket ticket;
  };
  // A member that is not among `tried` (bits by index). Those that are drained, full or rest are left out;
  // so are those that are down or whose breaker is open, unless nothing else is left: then, with `in_need`, they
  // are asked all the same, since an answer is better evidence than a check.
  std::optional<Choice> choose(Seat&, std::uint64_t tried, bool stream, std::int64_t now_ns, bool in_need = true);
  // Why nobody could be chosen at all.
  struct Nobody {
    bool full = false;
    std::optional<Duration> rest;  // the shortest, where they rest
  };
  Nobody nobody(std::int64_t now_ns) const;

  // How it went. Seconds are those to the first event or the whole reply.
  void answered(const Choice&, bool stream, double seconds, std::int64_t now_ns);  // it has begun to answer
  void succeeded(const Choice&, std::int64_t now_ns);  // and came to its end
  // True: its breaker has opened now.
  bool failed(const Choice&, const Failure&, std::int64_t now_ns);
  void given_up(const Choice&, bool stream, double seconds, std::int64_t now_ns);  // not for its fault
  void rest(const Choice&, Duration, std::int64_t now_ns);

  // How many more tries a question may have.
  int retries() const;
  // The wait before a hedge is sent; nothing: none is sent.
  std::optional<Duration> hedge_delay(bool stream) const;

  const std::string& id() const { return id_; }
  std::size_t index() const { return index_; }
  const BalanceConfig& balance() const { return balance_; }
  const std::vector<std::unique_ptr<PoolMember>>& members() const { return members_; }

  TryBudget retry_budget, hedge_budget;
  std::atomic<std::int64_t> retried{0}, hedged{0}, hedges_won{0}, nobody_there{0};

 private:
  bool admitted(const PoolMember&, std::int64_t now_ns) const;

  const std::string id_;
  const std::size_t index_;
  const BalanceConfig balance_;
  std::vector<std::unique_ptr<PoolMember>> members_;
  FirstByteTimes stream_times_, whole_times_;
  std::mutex failing_;  // so that not more than half open at once
  const std::int64_t started_ns_;
};

}  // namespace wattline::serve
