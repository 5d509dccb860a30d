#include "meter/sampler.h"

#include <algorithm>
#include <cmath>
#include <ctime>

#include <unistd.h>

#include "meter/proc_files.h"

namespace wattline::meter {
namespace {

constexpr Duration longest_interval{10};
constexpr Duration least_sleep{0.05};  // the two clocks are not read at one instant
constexpr Duration least_stall{1};

std::int64_t clock_ns(clockid_t clock) {
  timespec t{};
  ::clock_gettime(clock, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

std::int64_t to_ns(Duration d) { return static_cast<std::int64_t>(d.base() * 1e9); }

std::optional<double> busy_seconds() {
  const auto text = read_small_file("/proc/stat", 512);
  const auto ticks = text ? parse_cpu_ticks(*text) : std::nullopt;
  if (!ticks) return std::nullopt;
  return static_cast<double>(ticks->busy) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

Duration period_of(const SourceInfo& info, Duration interval) {
  return std::min(std::max(interval, std::min(info.update / 4.0, longest_interval)), safe_interval(info));
}

}  // namespace

Surroundings Surroundings::real() {
  return {[] { return clock_ns(CLOCK_BOOTTIME); }, [] { return clock_ns(CLOCK_MONOTONIC); }, [] { return Time::now(); },
          busy_seconds};
}

Duration safe_interval(const SourceInfo& info) {
  if (info.kind != SourceKind::energy || info.range <= 0 || info.most <= Power(0)) return longest_interval;
  return std::clamp(Duration(info.range / (4 * info.most.base())), Duration(1e-3), longest_interval);
}

Sampler::Sampler(Sources sources, Duration interval, std::size_t most_samples, Surroundings around)
    : sources_(std::move(sources)),
      interval_(std::clamp(interval, Duration(1e-3), longest_interval)),
      most_samples_(std::max<std::size_t>(most_samples, 8)),
      around_(std::move(around)) {
  for (const auto& s : sources_) interval_ = std::min(interval_, safe_interval(s->info()));
}

Time Sampler::now() const { return Time{recording_.begin.ns + around_.elapsed() - origin_}; }

void Sampler::begin() {
  origin_ = around_.elapsed();
  slept_ = origin_ - around_.awake();
  recording_ = {};
  recording_.begin = around_.utc();
  states_.clear();
  sleeps_.clear();
  last_.reset();
  Sources all = std::move(sources_);
  sources_.clear();
  add(std::move(all));
  last_ = now();
}

void Sampler::add(Sources more) {
  for (auto& s : more) {
    SourceRecord r;
    r.info = s->info();
    r.readings.name = r.info.component;
    r.readings.unit = std::string(1, r.info.kind == SourceKind::energy ? 'J' : 'W');
    recording_.records.push_back(std::move(r));
    State state;
    state.period = period_of(s->info(), interval_);
    states_.push_back(state);
    sources_.push_back(std::move(s));
    const std::int64_t before = around_.elapsed();
    read(sources_.size() - 1);
    // What is dear to ask (an NVIDIA energy counter takes milliseconds) is asked so seldom that it does not matter.
    const Duration cost(static_cast<double>(around_.elapsed() - before) * 1e-9);
    State& kept = states_.back();
    kept.period = std::min(std::max(kept.period, cost * 20.0), safe_interval(sources_.back()->info()));
  }
}

std::vector<SourceInfo> Sampler::known() const {
  std::vector<SourceInfo> out;
  for (const auto& s : sources_) out.push_back(s->info());
  return out;
}

void Sampler::note_sleep(Time at) {
  const std::int64_t slept = around_.elapsed() - around_.awake();
  const Duration newly(static_cast<double>(slept - slept_) * 1e-9);
  if (newly < least_sleep) return;
  slept_ = slept;
  // When within the time since the last sample is not known: it ended a moment ago, or right after that sample.
  sleeps_.push_back({last_.value_or(recording_.begin), at});
}

void Sampler::sample() { sample(false); }
void Sampler::sample_between() { sample(true); }

void Sampler::sample(bool all) {
  const Time at = now();
  note_sleep(at);
  // A tenth of the interval early is in time: the clock that wakes us is not exact.
  const std::int64_t early = to_ns(interval_) / 10;
  for (std::size_t i = 0; i < sources_.size(); ++i)
    if (at.ns - recording_.begin.ns + early >= states_[i].due || (all && states_[i].period <= interval_)) read(i);
  last_ = at;
  const bool long_ones = std::any_of(recording_.records.begin(), recording_.records.end(),
                                     [&](const SourceRecord& r) { return r.readings.size() > most_samples_; });
  if (long_ones) thin();
}

void Sampler::read(std::size_t i) {
  SourceRecord& record = recording_.records[i];
  State& state = states_[i];
  const Time before = now();
  const auto value = sources_[i]->read();
  const Time after = now();
  state.due = before.ns - recording_.begin.ns + to_ns(state.period);
  Time at{before.ns + (after.ns - before.ns) / 2};
  if (!value) {
    ++record.failures;
    record.trouble = sources_[i]->trouble();
    state.value.reset();
  } else if (const Duration age = sources_[i]->age(); age > Duration(0)) {
    at = Time{
        std::max(at.ns - to_ns(age), record.readings.size() ? record.readings.times.back().ns : at.ns - to_ns(age))};
    // The same reading once more.
    if (record.readings.size() && std::abs(at.ns - state.last_time) < to_ns(age) / 100 + 1'000'000) return;
  }
  state.last_time = at.ns;
  record.readings.add(at, value.value_or(std::nan("")));
  if (value && record.info.kind == SourceKind::energy) note_stall(i, at, *value);
}

void Sampler::note_stall(std::size_t i, Time at, double value) {
  State& state = states_[i];
  SourceRecord& record = recording_.records[i];
  const Domain domain = record.info.domain;
  if ((domain != Domain::cpu && domain != Domain::gpu) || record.info.family == "model") return;
  if (!state.value || *state.value != value) {
    state.value = value;
    state.still_since = at;
    state.still = state.stalled = false;
    return;
  }
  if (!state.still) {
    state.still = true;
    state.noticed = at;
    state.busy_then = domain == Domain::cpu ? around_.busy() : std::nullopt;
    return;
  }
  if (state.stalled) {
    record.stalls.back().end = at;
    return;
  }
  const Duration still = at - state.noticed;
  if (still < std::max(least_stall, record.info.update * 20.0)) return;
  // An idle processor draws next to nothing in its deepest sleep, and a board that is off draws nothing.
  if (domain == Domain::cpu) {
    const auto busy = around_.busy();
    state.stalled = busy && state.busy_then && *busy - *state.busy_then >= 0.5 * still.base();
  } else {
    const auto watts = sources_[i]->watts_now();
    state.stalled = watts && *watts >= 1;
  }
  if (state.stalled) record.stalls.push_back({state.still_since, at});
}

Recording Sampler::end() {
  note_sleep(now());
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    sources_[i]->finish();
    read(i);
  }
  recording_.end = now();
  recording_.clock_step = around_.utc() - recording_.end;
  const double length = (recording_.end - recording_.begin).base();
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    recording_.records[i].sleeps = sleeps_;
    if (length < 5 * sources_[i]->info().update.base()) recording_.records[i].watts_at_end = sources_[i]->watts_now();
  }
  return std::move(recording_);
}

Recording Sampler::so_far() const {
  Recording out = recording_;
  out.end = last_.value_or(out.begin);
  for (auto& record : out.records) record.sleeps = sleeps_;
  return out;
}

void Sampler::thin() {
  const Duration wider = interval_ * 2.0;
  for (const auto& s : sources_)
    if (wider > safe_interval(s->info())) return;
  for (auto& record : recording_.records) {
    Series& s = record.readings;
    if (s.size() < most_samples_ / 2) continue;  // of a source that is asked rarely
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
  for (std::size_t i = 0; i < sources_.size(); ++i)
    states_[i].period = std::max(states_[i].period, period_of(sources_[i]->info(), wider));
}

}  // namespace wattline::meter
