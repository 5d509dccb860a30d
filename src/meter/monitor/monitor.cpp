#include "meter/monitor/monitor.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <map>

#include <fmt/format.h>
#include <unistd.h>

#include "kernel/units.h"
#include "meter/attribution/energy_book.h"
#include "meter/attribution/gpu_work.h"
#include "meter/attribution/reservations.h"
#include "meter/attribution/work_watch.h"
#include "meter/monitor/component_meter.h"
#include "meter/monitor/model_meter.h"
#include "meter/proc_files.h"

namespace wattline::meter {
namespace {

std::int64_t clock_ns(clockid_t clock) {
  timespec t{};
  ::clock_gettime(clock, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

Instant machine_clock() { return {clock_ns(CLOCK_BOOTTIME), clock_ns(CLOCK_MONOTONIC), Time::now()}; }

double seconds(std::int64_t ns) { return static_cast<double>(ns) * 1e-9; }

std::optional<double> known_idle(const SourceInfo& info, const HostModel& host, const catalog::Catalog& catalog) {
  if (info.domain == Domain::cpu) return host.idle().value().base() / host.host().packages;
  const catalog::Device* device = info.device.empty() ? nullptr : catalog.find_device(info.device);
  if (device && device->idle_power) return device->idle_power->base();
  return std::nullopt;
}

// The same estimate with the value that the book has, so that sums add up to the last digit.
Estimate<Energy> with_value(const Estimate<Energy>& e, double joules) {
  const double value = e.value().base();
  if (!(value > 0)) return Estimate<Energy>::with_sd(Energy(joules), Energy(0), e.method(), {});
  return Estimate<Energy>(RawEstimate::scaled(e.raw(), joules / value));
}

// Half of what the factor leaves open, to the wider side.
double spread_of(const catalog::Factor& f) {
  return std::max(f.interval.high - f.value, f.value - f.interval.low) / f.value;
}

constexpr std::size_t most_event_files = 4096;
constexpr std::int64_t asleep_ns = 100'000'000;  // clocks that stop and clocks that go on differ by less

}  // namespace

class Monitor::Watch {
 public:
  Watch(const MonitorSettings& settings, const catalog::Catalog& catalog, MonitorParts parts)
      : settings_(settings),
        wanted_interval_(settings.interval),
        clock_(std::move(parts.clock)),
        book_(settings.most_ended),
        tick_s_(1.0 / static_cast<double>(::sysconf(_SC_CLK_TCK))),
        model_(HostModel(read_host(settings.roots), catalog)) {
    std::string why_no_events = "the tree is not this machine's";
    if (settings.sharing != Sharing::cpu_time && !parts.events)
      parts.events = settings.roots.real() ? perf_counts(why_no_events, most_event_files) : nullptr;
    weights_.emplace(settings.sharing, std::move(parts.events), why_no_events);
    for (const char* id : {"cpu_time", "cycles", "gpu_sm", "gpu_slices", "gpu_equal"}) {
      const auto& f = catalog.factor(std::string("meter.attribution.") + id);
      spreads_[f.id] = spread_of(f);
    }
    if (settings.processes) {
      std::string why;
      auto exits = parts.exits ? std::move(parts.exits) : listen_to_exits(settings.roots, why);
      watch_.emplace(settings.roots, model_.host().host().threads,
                     parts.times ? std::move(parts.times) : find_cpu_times(settings.roots), std::move(exits), why);
    }
    const bool boards = std::any_of(parts.sources.sources.begin(), parts.sources.sources.end(),
                                    [](const auto& s) { return s->info().family == "nvml"; });
    if (!parts.gpu_users && boards && settings.processes) parts.gpu_users = nvml_users(nvml::Library::open());
    if (parts.gpu_users) gpus_.emplace(std::move(parts.gpu_users), sees_all_numbers(settings.roots));
    for (auto& s : parts.sources.sources) {
      const SourceInfo& info = s->info();
      if (info.counted && info.domain == Domain::cpu) modelled_ = false;
      const auto idle = known_idle(info, model_.host(), catalog);
      meters_.emplace_back(std::move(s), catalog, idle);
    }
    if (modelled_)
      for (const auto& o : parts.sources.obstacles)
        if (o.family == "rapl")
          warnings_.push_back(fmt::format("the processor's power is {}: {}", model_.host().explanation(), o.why));
  }

  void tick() {
    const Instant now = clock_();
    const bool first = ticks_++ == 0;
    if (first) {
      begin_ = now;
    }
    const std::int64_t gone_ns = std::max<std::int64_t>(now.boot_ns - last_.boot_ns, 0);
    const double length = first ? 0 : seconds(gone_ns);
    const bool slept = !first && gone_ns - (now.awake_ns - last_.awake_ns) > asleep_ns;
    last_ = now;
    // A clock that was set meanwhile must not make the time longer or shorter than it was.
    const Duration lived(seconds(now.boot_ns - begin_.boot_ns));
    if (std::abs((now.utc - begin_.utc - lived).base()) > 1) begin_.utc = now.utc + -lived;

    const std::optional<double> busy = busy_since_last();
    std::array<ComponentMeter::Step, domain_count> domains;
    boards_.clear();
    for (auto& m : meters_) {
      if (slept) {
        m.lose(now.boot_ns);
        continue;
      }
      const auto step = m.step(now.boot_ns, settings_.interval);
      if (!m.info().counted) continue;
      if (gpus_ && m.info().domain == Domain::gpu) boards_.emplace_back(&m.info(), step);
      else add(domains[static_cast<std::size_t>(m.info().domain)], step);
    }
    if (modelled_) {
      if (slept) model_.lose(length);
      else if (!first) add(domains[static_cast<std::size_t>(Domain::cpu)], model_.step(busy, length));
    }
    if (watch_) {
      watch_->look(now.boot_ns, busy, book_);
      const auto& cpu = domains[static_cast<std::size_t>(Domain::cpu)];
      const bool counted = cpu.known && !modelled_ && cpu.earlier == 0;
      weights_->weigh(watch_->done(), watch_->unseen(), counted ? cpu.joules - cpu.idle : -1, length, weighed_);
      for (const auto& p : watch_->table().ended()) weights_->forget(p.pid);
    }
    if (!first) share(domains, length);
    if (watch_) watch_->close(book_);
    settings_.interval = wanted_interval_;
  }

  // A shorter one holds after the tick to come: it ends a step of the length before.
  void change_interval(Duration interval) {
    wanted_interval_ = interval;
    settings_.interval = std::max(settings_.interval, interval);
  }

  Snapshot snapshot() const {
    Snapshot out;
    out.now = last_.utc;
    out.started = begin_.utc;
    out.covered = Duration(covered_);
    out.missing = Duration(missing_);
    out.ticks = ticks_;
    std::array<Estimate<Energy>, domain_count> energy, idle;
    std::array<bool, domain_count> there{};
    const auto count = [&](const ComponentSeen& seen, const Estimate<Energy>& at_rest) {
      const auto d = static_cast<std::size_t>(seen.info.domain);
      energy[d] = there[d] ? energy[d] + seen.energy : seen.energy;
      idle[d] = there[d] ? idle[d] + at_rest : at_rest;
      there[d] = true;
    };
    if (modelled_) {
      out.components.push_back(model_.seen());
      count(out.components.back(), model_.idle());
    }
    for (const auto& m : meters_) {
      out.components.push_back(m.seen());
      if (m.info().counted) count(out.components.back(), m.idle());
    }
    for (std::size_t d = 0; d < domain_count; ++d) {
      if (!there[d]) continue;
      const auto& sums = book_.sums(static_cast<Domain>(d));
      DomainSeen seen;
      seen.domain = static_cast<Domain>(d);
      seen.energy = with_value(energy[d], sums.energy);
      seen.idle = with_value(idle[d], sums.idle);
      seen.unattributed = sums.unattributed;
      const bool shared = seen.domain == Domain::cpu || seen.domain == Domain::memory;
      if (watch_ && shared) {
        seen.how = weights_->how();
        seen.spread = weights_->factor().empty() ? weights_->fit_spread() : spreads_.at(weights_->factor());
      } else if (gpus_ && seen.domain == Domain::gpu && !gpus_->how().empty()) {
        seen.how = gpus_->how();
        seen.spread = spreads_.at(gpus_->factor());
      }
      out.domains.push_back(std::move(seen));
    }
    out.consumers = book_.consumers();
    out.forgotten = book_.forgotten();
    out.warnings = warnings_;
    if (watch_ && !weights_->trouble().empty()) out.warnings.push_back(weights_->trouble());
    if (watch_)
      for (auto& w : watch_->warnings()) out.warnings.push_back(std::move(w));
    return out;
  }

 private:
  static void add(ComponentMeter::Step& sum, const ComponentMeter::Step& step) {
    if (!step.known) return;
    sum.known = true;
    sum.joules += step.joules;
    sum.idle += step.idle;
    sum.earlier += step.earlier;
    sum.earlier_idle += step.earlier_idle;
  }

  // Books joules of the processor or the memory by CPU time, and the idle part by the policy.
  void share_work(Domain domain, double joules, double idle) {
    if (settings_.idle == IdlePolicy::by_share && !weighed_.work.empty()) {
      idle = 0;
    } else if (settings_.idle == IdlePolicy::by_reservation) {
      renew_reservations();
      double part = 0;
      for (const auto& w : reserved_) part += w.amount;
      part = std::min(part, 1.0);
      if (part > 0) book_.share(domain, idle * part, 0, reserved_, 0);
      joules -= idle * part;
      idle -= idle * part;
    }
    book_.share(domain, joules, idle, weighed_.work, weighed_.unseen);
  }

  // Limits are changed rarely.
  void renew_reservations() {
    if (reserved_ns_ != 0 && last_.boot_ns - reserved_ns_ < 10'000'000'000) return;
    reserved_ns_ = last_.boot_ns;
    std::map<std::string, AccountId> before;
    before.swap(reserved_accounts_);
    reserved_.clear();
    for (const auto& r : read_reservations(settings_.roots, model_.host().host().threads, watch_->places())) {
      const std::string key = r.place->container + "|" + r.place->job;
      const auto known = before.extract(key);
      const AccountId account =
          known ? known.mapped() : book_.open_process("reserved", 0, 0, watch_->belonging(*r.place, UINT32_MAX));
      reserved_accounts_[key] = account;
      reserved_.push_back({account, r.share, {no_account, no_account}});
    }
    for (const auto& [key, account] : before) book_.end(account);
  }

  // Books what the domains drew in a tick of so many seconds.
  void share(const std::array<ComponentMeter::Step, domain_count>& domains, double length) {
    bool known = false;
    for (const auto& [info, step] : boards_) {
      if (!step.known) continue;
      known = true;
      const auto uses = gpus_->of(*info, last_.boot_ns, watch_ ? &watch_->table() : nullptr, book_);
      book_.share(Domain::gpu, step.joules, step.idle, uses.work, uses.unseen);
      if (step.earlier > 0) book_.share(Domain::gpu, step.earlier, step.earlier_idle, {}, 0);
    }
    for (std::size_t d = 0; d < domain_count; ++d) {
      const auto& step = domains[d];
      if (!step.known) continue;
      known = true;
      const bool shared = d == static_cast<std::size_t>(Domain::cpu) || d == static_cast<std::size_t>(Domain::memory);
      if (watch_ && shared) share_work(static_cast<Domain>(d), step.joules, step.idle);
      else book_.share(static_cast<Domain>(d), step.joules, step.idle, {}, 0);
      if (step.earlier > 0) book_.share(static_cast<Domain>(d), step.earlier, step.earlier_idle, {}, 0);
    }
    (known ? covered_ : missing_) += length;
  }

  // CPU seconds of the whole machine since the tick before; nothing when either could not be read.
  std::optional<double> busy_since_last() {
    const auto text = read_small_file(settings_.roots.proc / "stat", 4096);
    const auto ticks = text ? parse_cpu_ticks(*text) : std::nullopt;
    std::optional<double> out;
    if (ticks && busy_ticks_)
      out = ticks->busy >= *busy_ticks_ ? static_cast<double>(ticks->busy - *busy_ticks_) * tick_s_ : 0;
    busy_ticks_ = ticks ? std::optional(ticks->busy) : std::nullopt;
    return out;
  }

  MonitorSettings settings_;
  Duration wanted_interval_;
  const std::function<Instant()> clock_;
  EnergyBook book_;
  std::map<std::string, double> spreads_;  // by factor
  const double tick_s_;
  ModelMeter model_;
  std::optional<WorkWatch> watch_;
  std::optional<WorkWeights> weights_;
  WorkWeights::Weighed weighed_;  // of this tick
  std::vector<Work> reserved_;  // shares of the machine
  std::map<std::string, AccountId> reserved_accounts_;
  std::int64_t reserved_ns_ = 0;
  std::optional<GpuWork> gpus_;
  std::vector<std::pair<const SourceInfo*, ComponentMeter::Step>> boards_;  // of this tick
  std::vector<ComponentMeter> meters_;
  bool modelled_ = true;
  std::vector<std::string> warnings_;
  double covered_ = 0, missing_ = 0;
  std::optional<std::uint64_t> busy_ticks_;
  Instant begin_, last_;
  std::uint64_t ticks_ = 0;
};

Monitor::Monitor(const MonitorSettings& settings, const catalog::Catalog& catalog)
    : Monitor(settings, catalog, MonitorParts{find_sources(settings.roots), machine_clock, {}, {}, {}, {}}) {}
Monitor::Monitor(const MonitorSettings& settings, const catalog::Catalog& catalog, MonitorParts parts)
    : watch_(std::make_unique<Watch>(settings, catalog, std::move(parts))) {}
Monitor::~Monitor() = default;
Monitor::Monitor(Monitor&&) noexcept = default;

void Monitor::tick() { watch_->tick(); }
Snapshot Monitor::snapshot() const { return watch_->snapshot(); }
void Monitor::change_interval(Duration interval) { watch_->change_interval(interval); }

}  // namespace wattline::meter
