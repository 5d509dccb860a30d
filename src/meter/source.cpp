#include "meter/source.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <set>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "meter/families/amd_energy.h"
#include "meter/families/battery.h"
#include "meter/families/external.h"
#include "meter/families/gpu_sysfs.h"
#include "meter/families/ipmi.h"
#include "meter/families/jetson.h"
#include "meter/families/msr_rapl.h"
#include "meter/families/perf_rapl.h"
#include "meter/hwmon.h"
#include "meter/nvml.h"
#include "meter/proc_files.h"
#include "meter/rapl.h"
#include "meter/traces/replay.h"

namespace wattline::meter {

std::string_view to_string(Domain d) {
  constexpr std::string_view names[] = {"cpu", "memory", "gpu", "platform", "other"};
  return names[static_cast<std::size_t>(d)];
}
std::string_view to_string(SourceKind k) { return k == SourceKind::energy ? "energy counter" : "power sensor"; }

const std::vector<SourceFamily>& source_families() {
  static const std::vector<SourceFamily> all = {
      {"perf", "energy counters of processor packages and memory by performance events",
       [](const Roots& r) { return find_perf_rapl(r); }},
      {"rapl", "energy counters of processor packages and memory (/sys/class/powercap)", find_rapl},
      {"msr", "the same counters by the processors' registers (/dev/cpu/*/msr)", find_msr_rapl},
      {"nvml", "NVIDIA GPUs through their driver's library", [](const Roots&) { return find_nvml(); }, false},
      {"amdgpu", "AMD GPUs (/sys/class/hwmon)", find_amdgpu},
      {"intel-gpu", "Intel GPUs (/sys/class/hwmon)", find_intel_gpu},
      {"amd_energy", "energy counters of AMD's sockets (/sys/class/hwmon)", find_amd_energy},
      {"jetson", "rails of NVIDIA Jetson boards (/sys/bus/i2c)", find_jetson},
      {"hwmon", "sensors of chips (/sys/class/hwmon)", find_hwmon},
      {"battery", "what the machine draws from its battery (/sys/class/power_supply)", find_battery},
      {"ipmi", "the machine by its management controller (/dev/ipmi0)", [](const Roots& r) { return find_ipmi(r); },
       false},
      {"meter", "meters outside the machine that the configuration names", find_external, false},
  };
  return all;
}

namespace {

// A source whose standing among the others was decided after it was found.
class Demoted : public Source {
 public:
  Demoted(std::unique_ptr<Source> source, SourceInfo info) : source_(std::move(source)), info_(std::move(info)) {}
  const SourceInfo& info() const override { return info_; }
  std::optional<double> read() override { return source_->read(); }
  std::string trouble() const override { return source_->trouble(); }
  bool awaited() const override { return source_->awaited(); }
  Duration age() const override { return source_->age(); }
  void finish() override { source_->finish(); }
  std::optional<double> watts_now() override { return source_->watts_now(); }

 private:
  std::unique_ptr<Source> source_;
  SourceInfo info_;
};

}  // namespace

Found find_sources(const Roots& roots) {
  Found replay = find_replay(roots);  // in place of this machine's, where it is asked for
  if (!replay.sources.empty() || !replay.obstacles.empty()) return replay;
  return find_sources(roots, source_families());
}

Found find_sources(const Roots& roots, const std::vector<SourceFamily>& families) {
  Found all;
  std::map<Domain, std::string> owner;  // the family that is counted
  std::map<std::string, std::string> counters;  // who reads each
  std::set<std::string> names;
  for (const auto& family : families) {
    Found found = family.find(roots);
    std::set<Domain> seen;
    for (auto& source : found.sources) {
      SourceInfo info = source->info();
      if (!info.counter.empty()) {
        const auto [it, first] = counters.emplace(info.counter, family.name);
        if (!first && it->second != family.name) {
          all.notes.push_back(fmt::format("{}: {} is the counter that {} reads already; it is not read twice.",
                                          family.name, info.component, it->second));
          continue;
        }
      }
      bool changed = false;
      // Two vendors' GPUs are two devices; there is one set of processors and memory.
      const bool one_of_a_kind = info.domain == Domain::cpu || info.domain == Domain::memory ||
                                 (info.domain == Domain::gpu && family.name == "meter");
      if (info.counted && one_of_a_kind) {
        const auto it = owner.find(info.domain);
        if (it != owner.end()) {
          info.counted = false;
          info.not_counted_because = fmt::format("{} already counts it", it->second);
          changed = true;
        } else {
          seen.insert(info.domain);
        }
      } else if (info.counted) {
        seen.insert(info.domain);
      }
      for (int n = 2; !names.insert(info.component).second; ++n) {
        info.component = fmt::format("{}-{}", source->info().component, n);
        changed = true;
      }
      if (changed) source = std::make_unique<Demoted>(std::move(source), std::move(info));
      all.sources.push_back(std::move(source));
    }
    for (const Domain d : seen) owner.emplace(d, family.name);
    for (auto& o : found.obstacles) all.obstacles.push_back(std::move(o));
    for (auto& n : found.notes) all.notes.push_back(std::move(n));
  }
  // That one of two ways to a counter is barred is no loss.
  std::erase_if(all.obstacles, [&](const Obstacle& o) {
    return !o.counter.empty() && std::any_of(counters.begin(), counters.end(), [&](const auto& read) {
      return o.counter.back() == ' ' ? read.first.starts_with(o.counter) : read.first == o.counter;
    });
  });
  return all;
}

Sources appeared(const Roots& roots, const std::vector<SourceInfo>& known) {
  if (replaying()) return {};
  std::vector<SourceFamily> quick;
  for (const auto& f : source_families())
    if (f.quick) quick.push_back(f);
  Sources out;
  for (auto& source : find_sources(roots, quick).sources) {
    const SourceInfo& i = source->info();
    // Also what another family has counted from the beginning: a second way to the same joules would double them.
    const bool old = std::any_of(known.begin(), known.end(), [&](const SourceInfo& k) {
      if (k.family == i.family && k.where == i.where) return true;
      if (!i.counter.empty() && k.counter == i.counter) return true;
      const bool whole = i.domain == Domain::cpu || i.domain == Domain::memory || k.family == "meter";
      return whole && i.counted && k.counted && k.domain == i.domain && k.family != i.family;
    });
    if (!old) out.push_back(std::move(source));
  }
  return out;
}

SysfsNumber::SysfsNumber(const std::filesystem::path& path) : path_(path.string()) { open(); }
SysfsNumber::~SysfsNumber() {
  if (fd_ >= 0) ::close(fd_);
}
SysfsNumber::SysfsNumber(SysfsNumber&& o) noexcept
    : path_(std::move(o.path_)), trouble_(std::move(o.trouble_)), fd_(std::exchange(o.fd_, -1)), errno_(o.errno_) {}

bool SysfsNumber::denied() const { return errno_ == EACCES || errno_ == EPERM; }

void SysfsNumber::open() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd_ < 0) {
    errno_ = errno;
    trouble_ = fmt::format("cannot open {}: {}", path_, std::strerror(errno_));
  }
}

std::optional<double> SysfsNumber::read() {
  char text[64];
  ssize_t n = -1;
  for (int attempt = 0; attempt < 2 && n <= 0; ++attempt) {
    // An attribute of a driver that went away answers no more; there may be a new one under its name.
    if (attempt > 0 || fd_ < 0) open();
    if (fd_ < 0) return std::nullopt;
    n = ::pread(fd_, text, sizeof text, 0);
    if (n < 0) {
      errno_ = errno;
      trouble_ = fmt::format("cannot read {}: {}", path_, std::strerror(errno_));
    }
  }
  if (n < 0) return std::nullopt;
  const auto value = parse_signed({text, static_cast<std::size_t>(n)});
  if (!value) {
    errno_ = EINVAL;
    trouble_ = fmt::format("{} {}", path_, n == 0 ? "is empty" : "does not hold a whole number");
    return std::nullopt;
  }
  errno_ = 0;
  trouble_.clear();
  return static_cast<double>(*value);
}

}  // namespace wattline::meter
