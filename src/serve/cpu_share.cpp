#include "serve/cpu_share.h"

#include <algorithm>
#include <memory>

#include "kernel/time.h"
#include "meter/process.h"

namespace wattline::serve {

CpuShare::CpuShare(Reader read, Duration period) : read_(std::move(read)), period_(period.base()) {}

void CpuShare::settle(double now) {
  request_seconds_ += std::max(0.0, now - settled_at_) * under_way_;
  settled_at_ = now;
}

double CpuShare::charged_at(double now) const { return charged_ + rate_ * std::max(0.0, now - sampled_at_); }

void CpuShare::sample(double now) {
  settle(now);
  const auto cpu = read_();
  if (!cpu) {
    seen_ = has_rate_ = false;
    rate_ = 0;
    request_seconds_ = 0;
    sampled_at_ = now;
    return;
  }
  if (seen_ && request_seconds_ > 0) {
    // A reading below the last one is another process: it starts from nothing.
    const double spent = std::max(0.0, cpu->base() - cpu_);
    rate_ = spent / request_seconds_;
    charged_ += rate_ * std::max(0.0, now - sampled_at_);
    has_rate_ = true;
  }
  seen_ = true;
  cpu_ = cpu->base();
  sampled_at_ = now;
  request_seconds_ = 0;
}

CpuShare::Ticket CpuShare::begin(double now) {
  std::lock_guard lock(mutex_);
  settle(now);
  // What went before is settled with those who were there then.
  if (!seen_ || now - sampled_at_ >= period_) sample(now);
  ++under_way_;
  return {charged_at(now)};
}

std::optional<Duration> CpuShare::end(Ticket ticket, double now) {
  std::lock_guard lock(mutex_);
  settle(now);
  if (!has_rate_ || now - sampled_at_ >= period_) sample(now);
  under_way_ = std::max(0, under_way_ - 1);
  if (!seen_ || !has_rate_) return std::nullopt;
  return Duration(std::max(0.0, charged_at(now) - ticket.charged));
}

CpuShare::Reader cpu_of_listener(std::uint16_t port) {
  struct State {
    std::optional<int> pid;
    std::int64_t looked_at = 0;
  };
  return [port, state = std::make_shared<State>()]() -> std::optional<Duration> {
    constexpr std::int64_t look_again_ns = 2'000'000'000;
    if (state->pid)
      if (const auto cpu = meter::cpu_time_of_process_tree(*state->pid)) return cpu;
    const std::int64_t now = monotonic_ns();
    if (!state->pid && state->looked_at != 0 && now - state->looked_at < look_again_ns) return std::nullopt;
    state->looked_at = now;
    state->pid = meter::process_listening_on(port);
    return state->pid ? meter::cpu_time_of_process_tree(*state->pid) : std::nullopt;
  };
}

}  // namespace wattline::serve
