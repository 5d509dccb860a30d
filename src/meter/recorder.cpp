#include "meter/recorder.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <ctime>

namespace wattline::meter {
namespace {

constexpr Duration longest_interval{10};

// Goes on while the machine sleeps, so that a sleep shows as a gap.
std::int64_t elapsed_ns() {
  timespec t{};
  ::clock_gettime(CLOCK_BOOTTIME, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

// A quarter of the time in which a counter could wrap.
Duration safe_interval(const SourceInfo& info) {
  if (info.kind != SourceKind::energy || info.range <= 0 || info.most <= Power(0)) return longest_interval;
  return Duration(info.range / (4 * info.most.base()));
}

}  // namespace

Recorder::Recorder(Sources sources, Duration interval, std::size_t most_samples)
    : sources_(std::move(sources)),
      interval_(std::clamp(interval, Duration(1e-3), longest_interval)),
      most_samples_(std::max<std::size_t>(most_samples, 8)) {
  for (const auto& s : sources_) interval_ = std::min(interval_, std::max(Duration(1e-3), safe_interval(s->info())));
}

Recorder::~Recorder() {
  if (thread_.joinable()) stop();
}

Time Recorder::now() const { return Time{recording_.begin.ns + elapsed_ns() - origin_ns_}; }

void Recorder::start() {
  origin_ns_ = elapsed_ns();
  recording_ = {};
  recording_.begin = Time::now();
  stopping_ = false;
  for (const auto& s : sources_) {
    SourceRecord r;
    r.info = s->info();
    r.readings.name = r.info.component;
    r.readings.unit = std::string(1, r.info.kind == SourceKind::energy ? 'J' : 'W');
    recording_.records.push_back(std::move(r));
  }
  sample();
  // Signals are for the thread that started us.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] {
    std::unique_lock lock(mutex_);
    auto next = std::chrono::steady_clock::now();
    while (true) {
      // After a long stall the rhythm starts anew instead of catching up.
      next = std::max(next + std::chrono::nanoseconds(static_cast<std::int64_t>(interval_.base() * 1e9)),
                      std::chrono::steady_clock::now());
      if (wake_.wait_until(lock, next, [this] { return stopping_; })) return;
      sample();
      if (!recording_.records.empty() && recording_.records[0].readings.size() > most_samples_) thin();
    }
  });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Recording Recorder::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  sample();
  recording_.end = now();
  const double length = (recording_.end - recording_.begin).base();
  for (std::size_t i = 0; i < sources_.size(); ++i)
    if (length < 5 * sources_[i]->info().update.base()) recording_.records[i].watts_at_end = sources_[i]->watts_now();
  return std::move(recording_);
}

void Recorder::sample() {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    SourceRecord& record = recording_.records[i];
    const Time before = now();
    const auto value = sources_[i]->read();
    const Time after = now();
    if (!value) {
      ++record.failures;
      record.trouble = sources_[i]->trouble();
    }
    record.readings.add(Time{before.ns + (after.ns - before.ns) / 2}, value.value_or(std::nan("")));
  }
}

void Recorder::thin() {
  const Duration wider = interval_ * 2.0;
  for (const auto& s : sources_)
    if (wider > safe_interval(s->info())) return;
  if (wider > longest_interval) return;
  for (auto& record : recording_.records) {
    Series& s = record.readings;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < s.size(); i += 2, ++kept) {
      // A sensor's two readings become their mean; the first stays, since it marks the beginning.
      const bool pair = record.info.kind == SourceKind::power && i > 0 && i + 1 < s.size();
      s.times[kept] = pair ? Time{s.times[i].ns + (s.times[i + 1].ns - s.times[i].ns) / 2} : s.times[i];
      s.values[kept] = pair ? (s.values[i] + s.values[i + 1]) / 2 : s.values[i];
    }
    s.times.resize(kept);
    s.values.resize(kept);
  }
  interval_ = wider;
}

}  // namespace wattline::meter
