#include "meter/recorder.h"

#include <algorithm>
#include <chrono>
#include <csignal>

namespace wattline::meter {

Recorder::Recorder(Sources sources, Duration interval, std::size_t most_samples)
    : sampler_(std::move(sources), interval, most_samples) {}

Recorder::~Recorder() {
  if (thread_.joinable()) stop();
}

void Recorder::keep_looking(Roots roots, Duration every) {
  roots_ = std::move(roots);
  look_every_ = std::max(every, Duration(0.001));
}

void Recorder::start() {
  stopping_ = false;
  sampler_.begin();
  // Signals are for the thread that started us.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Recorder::run() {
  using Clock = std::chrono::steady_clock;
  const auto nanoseconds = [](Duration d) {
    return std::chrono::nanoseconds(static_cast<std::int64_t>(d.base() * 1e9));
  };
  std::unique_lock lock(mutex_);
  auto next = Clock::now(), look = Clock::now() + nanoseconds(look_every_);
  while (true) {
    // After a long stall the rhythm starts anew instead of catching up.
    next = std::max(next + nanoseconds(sampler_.interval()), Clock::now());
    if (wake_.wait_until(lock, next, [this] { return stopping_; })) return;
    sampler_.sample();
    if (roots_ && Clock::now() >= look) {
      sampler_.add(appeared(*roots_, sampler_.known()));
      look = Clock::now() + nanoseconds(look_every_);
    }
  }
}

void Recorder::sample_now(Duration at_least) {
  std::lock_guard lock(mutex_);
  const Time at = sampler_.now();
  if (between_ && at - *between_ < at_least) return;
  between_ = at;
  sampler_.sample_between();
}

Recording Recorder::so_far() {
  std::lock_guard lock(mutex_);
  return sampler_.so_far();
}

Recording Recorder::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  return sampler_.end();
}

}  // namespace wattline::meter
