#include "serve/circuit_breaker.h"

#include <algorithm>
#include <cmath>

#include "serve/chance.h"

namespace wattline::serve {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;
std::int64_t ns_of(Duration d) { return static_cast<std::int64_t>(d.base() * 1e9); }

}  // namespace

std::string_view to_string(CircuitBreaker::State s) {
  switch (s) {
    case CircuitBreaker::State::closed: return "closed";
    case CircuitBreaker::State::open: return "open";
    case CircuitBreaker::State::half_open: return "half_open";
  }
  return "closed";
}

CircuitBreaker::CircuitBreaker(const BreakerConfig& config, std::uint64_t seed) : config_(config), random_(seed) {}

CircuitBreaker::State CircuitBreaker::state(std::int64_t now) const {
  if (closed_.load(relaxed)) return State::closed;
  return now < open_until_ns_.load(relaxed) ? State::open : State::half_open;
}

bool CircuitBreaker::admits(std::int64_t now) const {
  if (closed_.load(relaxed)) return true;
  return now >= open_until_ns_.load(relaxed) && probes_.load(relaxed) < config_.probes;
}

CircuitBreaker::Ticket CircuitBreaker::take(std::int64_t now) {
  if (closed_.load(relaxed)) return {true, false, era_.load(relaxed)};
  std::lock_guard lock(mutex_);
  if (closed_.load(relaxed)) return {true, false, era_.load(relaxed)};
  if (now < open_until_ns_.load(relaxed) || probes_.load(relaxed) >= config_.probes) return {};
  probes_.fetch_add(1, relaxed);
  return {true, true, era_.load(relaxed)};
}

void CircuitBreaker::roll_window(std::int64_t now) {
  auto begin = window_begin_ns_.load(relaxed);
  if (now - begin < ns_of(config_.window) && begin != 0) return;
  if (!window_begin_ns_.compare_exchange_strong(begin, now, relaxed)) return;
  window_failed_.store(0, relaxed);
  window_all_.store(0, relaxed);
}

void CircuitBreaker::success(Ticket ticket, std::int64_t now) {
  if (!ticket.taken || ticket.era != era_.load(relaxed)) return;
  if (!ticket.probe) {
    if (in_a_row_.load(relaxed) != 0) in_a_row_.store(0, relaxed);
    if (config_.error_rate <= 0) return;
    roll_window(now);
    window_all_.fetch_add(1, relaxed);
    return;
  }
  std::lock_guard lock(mutex_);
  if (ticket.era != era_.load(relaxed)) return;
  probes_.store(0, relaxed);
  in_a_row_.store(0, relaxed);
  window_begin_ns_.store(0, relaxed);
  open_until_ns_.store(0, relaxed);
  closed_at_ns_ = now;
  closed_.store(true, relaxed);
}

bool CircuitBreaker::failure(Ticket ticket, std::int64_t now, bool may_open) {
  if (!ticket.taken || ticket.era != era_.load(relaxed)) return false;
  if (ticket.probe) {
    std::lock_guard lock(mutex_);
    // Another probe may have closed it meanwhile; then this failure is one like any other.
    if (ticket.era != era_.load(relaxed)) return false;
    if (!closed_.load(relaxed)) {
      open(now);
      return true;
    }
  }
  roll_window(now);
  const int all = window_all_.fetch_add(1, relaxed) + 1, failed = window_failed_.fetch_add(1, relaxed) + 1;
  const int in_a_row = in_a_row_.fetch_add(1, relaxed) + 1;
  const bool too_many = config_.failures > 0 && in_a_row >= config_.failures;
  const bool too_often = config_.error_rate > 0 && all >= config_.requests && failed >= config_.error_rate * all;
  if (!may_open || !(too_many || too_often)) return false;
  std::lock_guard lock(mutex_);
  if (!closed_.load(relaxed)) return false;
  // A breaker that has held for as long as it was open last begins anew.
  if (closed_at_ns_ != 0 && now - closed_at_ns_ >= last_length_ns_) times_ = 0;
  open(now);
  return true;
}

void CircuitBreaker::forget(Ticket ticket) {
  if (!ticket.probe) return;
  std::lock_guard lock(mutex_);
  if (ticket.era == era_.load(relaxed) && !closed_.load(relaxed) && probes_.load(relaxed) > 0)
    probes_.fetch_sub(1, relaxed);
}

void CircuitBreaker::open(std::int64_t now) {
  const double grown = config_.open_for.base() * std::exp2(std::min(times_, 30));
  const double length = std::min(grown, config_.open_most.base()) * (0.8 + 0.4 * chance_of(random_));
  ++times_;
  last_length_ns_ = static_cast<std::int64_t>(length * 1e9);
  era_.fetch_add(1, relaxed);
  probes_.store(0, relaxed);
  in_a_row_.store(0, relaxed);
  window_begin_ns_.store(0, relaxed);
  open_until_ns_.store(now + last_length_ns_, relaxed);
  opened_.fetch_add(1, relaxed);
  closed_.store(false, relaxed);
}

}  // namespace wattline::serve
