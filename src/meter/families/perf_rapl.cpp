#include "meter/families/perf_rapl.h"

#include <cerrno>
#include <cstring>
#include <set>

#include <fmt/format.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "meter/families/perf_files.h"
#include "meter/proc_files.h"

namespace wattline::meter {
namespace fs = std::filesystem;
namespace {

struct Event {
  const char* name;
  Domain domain;
  const char* component;
  const char* gain;
};
constexpr Event events[] = {
    {"energy-pkg", Domain::cpu, "package", "meter.rapl.gain"},
    {"energy-ram", Domain::memory, "dram", "meter.rapl.dram_gain"},
    {"energy-psys", Domain::platform, "psys", "meter.rapl.gain"},
};

class PerfSource : public Source {
 public:
  PerfSource(SourceInfo info, std::unique_ptr<PerfCounter> counter)
      : info_(std::move(info)), counter_(std::move(counter)) {}
  const SourceInfo& info() const override { return info_; }
  std::optional<double> read() override {
    const auto counts = counter_->read();
    if (!counts) {
      trouble_ = fmt::format("{}: {}", info_.where, std::strerror(counter_->error));
      return std::nullopt;
    }
    trouble_.clear();
    return static_cast<double>(*counts) * info_.resolution;
  }
  std::string trouble() const override { return trouble_; }

 private:
  SourceInfo info_;
  std::unique_ptr<PerfCounter> counter_;
  std::string trouble_;
};

std::string text_of(const fs::path& path) { return read_small_file(path, 65536).value_or(""); }

int topology(const Roots& roots, int cpu, const char* what, int otherwise) {
  const auto text = read_small_file(roots.sys / fmt::format("devices/system/cpu/cpu{}/topology/{}", cpu, what), 32);
  const auto n = text ? parse_whole(*text) : std::nullopt;
  return n && *n < 100000 ? static_cast<int>(*n) : otherwise;
}

// "package-0", or "package-0-die-1" where a package has a counter for each die, as powercap names them.
std::vector<std::string> package_names(const Roots& roots, const std::vector<int>& cpus) {
  std::multiset<int> packages;
  for (const int cpu : cpus) packages.insert(topology(roots, cpu, "physical_package_id", cpu));
  std::vector<std::string> out;
  for (const int cpu : cpus) {
    const int package = topology(roots, cpu, "physical_package_id", cpu);
    out.push_back(packages.count(package) > 1
                      ? fmt::format("package-{}-die-{}", package, topology(roots, cpu, "die_id", cpu))
                      : fmt::format("package-{}", package));
  }
  return out;
}

Obstacle refused(const Roots& roots, int error) {
  const auto level = read_small_file(roots.proc / "sys/kernel/perf_event_paranoid", 32);
  std::string why = fmt::format("perf_event_open: {}", std::strerror(error));
  if (level && parse_signed(*level)) why += fmt::format("; perf_event_paranoid is {}", *parse_signed(*level));
  const bool denied = error == EACCES || error == EPERM;
  return {
      "perf",
      "packages and memory",
      why,
      denied
          ? "once: sudo setcap cap_perfmon=ep $(command -v wattline), where only those may start it who may know what "
            "others compute (before Linux 5.8: cap_sys_admin); in a "
            "container: --cap-add PERFMON and a seccomp profile that allows perf_event_open"
          : "the kernel's driver does not answer for this counter",
      false,
      "rapl "};
}

// Fine readings tell what others compute (PLATYPUS): a program that was given the right, and that everybody may start,
// hands it to all of them.
bool is_given_to_everybody() {
  struct stat program {};
  return ::getauxval(AT_SECURE) != 0 && ::geteuid() != 0 && ::stat("/proc/self/exe", &program) == 0 &&
         (program.st_mode & S_IXOTH) != 0;
}

}  // namespace

Found find_perf_rapl(const Roots& roots) {
  // A made-up tree names events of no real machine.
  return find_perf_rapl(roots, roots.real() ? OpenPerfCounter(open_perf_counter) : OpenPerfCounter());
}

Found find_perf_rapl(const Roots& roots, const OpenPerfCounter& open) {
  Found out;
  const fs::path folder = roots.sys / "bus/event_source/devices/power";
  const auto type = parse_whole(text_of(folder / "type"));
  if (!type || *type > 0xFFFFFFFFu || !open) {
    out.obstacles.push_back({"perf", "packages and memory", fmt::format("there is no {}", folder.string()),
                             "virtual machines have none; on real ones load the driver (modprobe rapl)", true});
    return out;
  }
  const auto cpus = parse_cpu_list(text_of(folder / "cpumask"));
  if (!cpus) {
    out.obstacles.push_back({"perf", "packages and memory",
                             fmt::format("{} does not name processors", (folder / "cpumask").string()),
                             "the kernel's driver names them once its processors are online"});
    return out;
  }
  const auto packages = package_names(roots, *cpus);
  int error = 0;
  for (const Event& event : events) {
    const auto config = parse_perf_event(text_of(folder / "events" / event.name));
    const auto scale = parse_perf_scale(text_of(folder / "events" / fmt::format("{}.scale", event.name)));
    if (!config || !scale || parse_name(text_of(folder / "events" / fmt::format("{}.unit", event.name))) != "Joules")
      continue;
    for (std::size_t i = 0; i < cpus->size(); ++i) {
      if (event.domain == Domain::platform && i > 0) break;  // there is one platform
      SourceInfo info;
      info.component = event.domain == Domain::cpu ? packages[i]
                       : event.domain == Domain::memory && cpus->size() > 1
                           ? fmt::format("dram-{}", packages[i].substr(8))
                           : event.component;
      info.family = "perf";
      info.where = fmt::format("power/{}/ on CPU {}", event.name, (*cpus)[i]);
      info.domain = event.domain;
      info.counter = "rapl " + info.component;
      info.counted = event.domain != Domain::platform;
      if (!info.counted) info.not_counted_because = "it contains the packages";
      info.gain = event.gain;
      info.resolution = *scale;
      auto counter = open(static_cast<std::uint32_t>(*type), *config, (*cpus)[i], error);
      if (!counter) {
        // What is refused once is refused for all.
        if (error == EACCES || error == EPERM) {
          out.sources.clear();
          out.obstacles = {refused(roots, error)};
          return out;
        }
        Obstacle o = refused(roots, error);
        o.component = info.component;
        o.counter = info.counter;
        out.obstacles.push_back(std::move(o));
        continue;
      }
      out.sources.push_back(std::make_unique<PerfSource>(std::move(info), std::move(counter)));
    }
  }
  if (!out.sources.empty() && is_given_to_everybody())
    out.notes.push_back(
        "this program has the right to fine energy readings and may be started by everybody: they tell what others "
        "compute, so let a group start it alone (chgrp, chmod 0750, then setcap again)");
  return out;
}

}  // namespace wattline::meter
