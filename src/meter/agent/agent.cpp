#include "meter/agent/agent.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include "kernel/error.h"
#include "kernel/time.h"
#include "meter/agent/startup_pages.h"
#include "meter/proc_files.h"
#include "meter/roots.h"

namespace wattline::meter {
namespace {

constexpr std::int64_t hears_after = 1'000'000'000;  // ns until a signal is looked for between slow readings

// How old what is told may be before something is wrong.
Duration stale_after(const AgentSettings& s) { return Duration(std::max(10.0, 5 * s.resolution.base())); }

std::int64_t ns(Duration d) { return static_cast<std::int64_t>(d.base() * 1e9); }

std::uint64_t resident_bytes() {
  const auto text = read_small_file("/proc/self/statm", 256);
  if (!text) return 0;
  const auto first = text->find(' '), second = text->find(' ', first + 1);
  if (first == text->npos || second == text->npos) return 0;
  const auto pages = parse_whole(text->substr(first + 1, second - first - 1));
  return pages ? *pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

class Loop {
 public:
  Loop(AgentSettings settings, Watch watch, AgentParts parts)
      : settings_(std::move(settings)),
        watch_(std::move(watch)),
        parts_(std::move(parts)),
        publisher_(settings_.publish, settings_.host, new_instance()),
        shelf_(stale_after(settings_)) {
    door_ = std::make_unique<Door>(settings_.door,
                                   [this](const DoorRequest& r) { return shelf_.answer(r, door_->counts()); });
  }

  PublishedPtr run(std::stop_token stop) {
    watch_.tick();
    if (parts_.give_up_rights) parts_.give_up_rights();
    door_->start();
    start_outbox();
    publish();
    let_go_of_startup_pages();
    if (parts_.ready) parts_.ready(door_->address());
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    std::int64_t last = monotonic_ns(), next = last + ns(settings_.interval);
    std::int64_t publish_at = last + ns(settings_.resolution);
    while (true) {
      const std::int64_t wait = std::min(next - monotonic_ns(), hears_after);
      if (wait > 0) wake.wait_for(lock, stop, std::chrono::nanoseconds(wait), [] { return false; });
      if (stop.stop_requested()) break;
      if (parts_.reload && parts_.reload() && reload()) {
        next = std::min(next, last + ns(settings_.interval));
        publish_at = std::min(publish_at, last + ns(settings_.resolution));
      }
      if (monotonic_ns() < next) continue;
      watch_.tick();
      last = monotonic_ns();
      const std::int64_t interval = ns(settings_.interval);
      next += interval;
      if (next <= last) {
        // After a stall the rhythm starts anew instead of catching up.
        late_ += last - next > interval;
        next = last + interval;
      }
      // Half an interval early is nearer than half an interval late.
      if (last + interval / 2 >= publish_at) {
        publish();
        publish_at = std::max(publish_at + ns(settings_.resolution), last + ns(settings_.resolution) / 2);
      }
    }
    door_->stop();
    watch_.tick();
    publish();
    outbox_.reset();
    return shelf_.latest();
  }

 private:
  void publish() {
    AgentUse own = agent_use(watch_);
    // What was counted stays as it was priced: a sum that is priced anew could fall.
    if (watch_.own_energy) {
      const auto more = watch_.own_energy(Duration(std::max(0.0, own.cpu_seconds - own_cpu_)));
      own_energy_ = own_energy_ ? *own_energy_ + more : more;
      own_cpu_ = own.cpu_seconds;
      own.energy = *own_energy_;
    }
    own.late = late_;
    const auto p = publisher_.publish(watch_.snapshot(), std::move(own), settings_.interval);
    shelf_.put(p);
    if (outbox_) outbox_->put(p);
  }

  void start_outbox() {
    outbox_.reset();
    const bool records = parts_.account && settings_.outbox.record_interval;
    if (!settings_.outbox.otlp_url.empty() || records)
      outbox_ = std::make_unique<Outbox>(settings_.outbox, parts_.account, parts_.log);
    // Rows go on where those of the one before ended.
    if (const auto latest = shelf_.latest(); outbox_ && latest) outbox_->put(latest);
  }

  void log(std::string_view text) {
    if (parts_.log) parts_.log(text);
  }

  bool reload() {
    try {
      AgentSettings fresh = parts_.read_settings();
      if (fresh.door.keys.empty() && !door_->address().loopback())
        throw bad_input(fmt::format("it listens on {} until a restart, and would have no key", door_->address().text()),
                        "--keys-file");
      if (fresh.door.address.text() != settings_.door.address.text() ||
          fresh.door.certificate_file != settings_.door.certificate_file || fresh.host != settings_.host ||
          fresh.user != settings_.user || fresh.processes != settings_.processes)
        log("address, certificate, host, user and processes are those of the start until a restart");
      door_->change(fresh.door.keys);
      publisher_.change(fresh.publish);
      settings_.interval = fresh.interval;
      settings_.resolution = fresh.resolution;
      if (watch_.change_interval) watch_.change_interval(fresh.interval);
      shelf_.change_stale(stale_after(fresh));
      settings_.outbox = fresh.outbox;
      start_outbox();
      log("the configuration was read again");
      return true;
    } catch (const Error& e) {
      log(fmt::format("the configuration stays as it was: {}", e.what()));
      return false;
    }
  }

  AgentSettings settings_;
  std::optional<Estimate<Energy>> own_energy_;
  double own_cpu_ = 0;
  Watch watch_;
  AgentParts parts_;
  Publisher publisher_;
  Shelf shelf_;
  std::unique_ptr<Door> door_;
  std::unique_ptr<Outbox> outbox_;
  std::uint64_t late_ = 0;
};

}  // namespace

std::string new_instance() {
  std::random_device device;
  return fmt::format("{:08x}{:08x}", device(), device());
}

AgentUse agent_use(const Watch& watch) {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  AgentUse out;
  out.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  out.resident_bytes = resident_bytes();
  if (watch.own_energy) out.energy = watch.own_energy(Duration(out.cpu_seconds));
  return out;
}

PublishedPtr run_agent(AgentSettings settings, Watch watch, AgentParts parts, std::stop_token stop) {
  return Loop(std::move(settings), std::move(watch), std::move(parts)).run(std::move(stop));
}

}  // namespace wattline::meter
