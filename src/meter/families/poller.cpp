#include "meter/families/poller.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <ctime>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/thread_rights.h"
#include "kernel/units.h"

namespace wattline::meter {
namespace {

std::int64_t elapsed_ns() {
  timespec t{};
  ::clock_gettime(CLOCK_BOOTTIME, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}
std::int64_t to_ns(Duration d) { return static_cast<std::int64_t>(d.base() * 1e9); }

class Polled : public Source {
 public:
  Polled(std::shared_ptr<Poller> poller, SourceInfo info, std::string part, bool awaited)
      : poller_(std::move(poller)), info_(std::move(info)), part_(std::move(part)), awaited_(awaited) {}
  const SourceInfo& info() const override { return info_; }
  std::optional<double> read() override {
    const auto latest = poller_->latest();
    age_ = latest.age;
    trouble_ = latest.trouble;
    awaited_ = !latest.any;
    if (awaited_) {
      trouble_ = "it has not answered yet: " + trouble_;
      return std::nullopt;
    }
    if (latest.age > poller_->every() * 3.0 + Duration(1)) {
      if (trouble_.empty()) trouble_ = "no new reading since " + to_string(latest.age, 2);
      return std::nullopt;
    }
    for (const auto& r : latest.readings)
      if (r.part == part_) {
        const auto& value = info_.kind == SourceKind::energy ? r.joules : r.watts;
        if (value) return value;
      }
    trouble_ = fmt::format("{} does not tell {}", info_.where, info_.kind == SourceKind::energy ? "energy" : "power");
    if (!part_.empty()) trouble_ += " of its part " + part_;
    return std::nullopt;
  }
  std::string trouble() const override { return trouble_; }
  bool awaited() const override { return awaited_; }
  Duration age() const override { return age_; }
  void finish() override { poller_->hurry(); }

 private:
  std::shared_ptr<Poller> poller_;
  SourceInfo info_;
  std::string part_, trouble_;
  Duration age_{0};
  bool awaited_;
};

}  // namespace

Poller::Poller(Ask ask, Duration every, Duration least_gap)
    : ask_(std::move(ask)), every_(every), least_gap_(least_gap) {
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Poller::~Poller() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Poller::run() {
  // What meters say comes from outside, and asking them needs no right.
  drop_capabilities_of_others_than_root();
  const auto cancelled = [this] {
    std::lock_guard lock(mutex_);
    return stopping_;
  };
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    asked_ = elapsed_ns();
    hurry_ = false;
    lock.unlock();
    Asked asked;
    std::string trouble;
    try {
      asked = ask_(cancelled);
    } catch (const std::exception& e) {
      trouble = e.what();
    }
    lock.lock();
    latest_.trouble = trouble;
    failures_ = trouble.empty() ? 0 : failures_ + 1;
    if (trouble.empty()) {
      // The answer is of some moment between question and answer.
      const std::int64_t now = elapsed_ns();
      taken_ = now - (now - asked_) / 2 - to_ns(asked.age);
      latest_.readings = std::move(asked.readings);
      latest_.any = true;
    }
    ++questions_;
    changed_.notify_all();
    const auto regular =
        std::chrono::steady_clock::now() + std::chrono::nanoseconds(to_ns(wait_after(failures_, every_)));
    changed_.wait_until(lock, regular, [&] { return stopping_ || hurry_; });
  }
}

Poller::Latest Poller::latest() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return questions_ > 0; });
  Latest out = latest_;
  out.age = Duration(static_cast<double>(std::max<std::int64_t>(0, elapsed_ns() - taken_)) * 1e-9);
  return out;
}

void Poller::hurry() {
  std::unique_lock lock(mutex_);
  if (questions_ > 0 && !latest_.any) return;
  if (elapsed_ns() - asked_ < to_ns(least_gap_)) return;  // a question that is under way is new enough too
  const std::size_t before = questions_;
  hurry_ = true;
  changed_.notify_all();
  // The question has a deadline of its own; this one is for what has none.
  changed_.wait_for(lock, std::chrono::seconds(30), [&] { return questions_ > before; });
}

Duration wait_after(std::size_t failures, Duration every) {
  constexpr Duration longest{60};
  if (failures < 2 || every >= longest) return every;
  return std::min(longest, every * std::exp2(static_cast<double>(std::min<std::size_t>(failures - 1, 32))));
}

void add_polled(Found& out, const std::shared_ptr<Poller>& poller, const SourceInfo& like, const std::string& mend,
                const ExternalReadings& expected) {
  const auto first = poller->latest();
  if (!first.any) {
    std::string why = first.trouble;
    if (!expected.empty()) why += "; it is asked again while anything is measured, and is a gap until it answers";
    out.obstacles.push_back({like.family, like.component, std::move(why),
                             mend.empty() ? "ask the meter by hand whether it answers" : mend});
  }
  for (const auto& r : first.any ? first.readings : expected) {
    for (const SourceKind kind : {SourceKind::power, SourceKind::energy}) {
      if (kind == SourceKind::power ? !r.watts : !r.joules) continue;
      SourceInfo info = like;
      info.kind = kind;
      if (!r.part.empty()) {
        info.component += "-" + r.part;
        info.domain = r.domain;
        info.counted = r.domain != Domain::platform;
        if (info.counted) info.not_counted_because.clear();
      }
      info.update = std::max(info.update, poller->every());
      info.resolution = kind == SourceKind::power ? r.watt_step : r.joule_step;
      if (r.derived && info.gain == "meter.ups.gain") info.gain = "meter.ups_load.gain";
      if (kind == SourceKind::energy && r.watts) {
        info.component += "-counter";
        info.counted = false;
        info.not_counted_because = "the same meter's power is shown already; the counter is better over hours";
      }
      out.sources.push_back(std::make_unique<Polled>(poller, std::move(info), r.part, !first.any));
    }
  }
}

}  // namespace wattline::meter
