#include "meter/families/msr_rapl.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <map>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "meter/proc_files.h"

namespace wattline::meter {
namespace fs = std::filesystem;
namespace {

constexpr std::uint32_t intel_units = 0x606, intel_package = 0x611, intel_memory = 0x619, amd_units = 0xC0010299,
                        amd_package = 0xC001029B;

// Models of Intel's family 6 whose memory has a counter: servers count it in 2^-16 J, others as the package.
constexpr std::array servers = {63u, 79u, 85u, 86u, 87u, 106u, 108u, 133u, 143u, 207u};
constexpr std::array others = {60u,  61u,  69u,  70u,  71u,  78u,  94u,  125u, 126u, 140u,
                               141u, 142u, 151u, 154u, 158u, 165u, 166u, 183u, 186u, 191u};

class Registers {
 public:
  explicit Registers(std::string path) : path_(std::move(path)) {
    fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd_ < 0) error_ = errno;
  }
  ~Registers() {
    if (fd_ >= 0) ::close(fd_);
  }
  Registers(const Registers&) = delete;
  Registers& operator=(const Registers&) = delete;

  std::optional<std::uint64_t> read(std::uint32_t number) {
    if (fd_ < 0) return std::nullopt;
    std::uint64_t value = 0;
    const ssize_t n = ::pread(fd_, &value, sizeof value, static_cast<off_t>(number));
    if (n == static_cast<ssize_t>(sizeof value)) return value;
    error_ = n < 0 ? errno : EIO;
    return std::nullopt;
  }
  int error() const { return error_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  int fd_ = -1, error_ = 0;
};

class MsrSource : public Source {
 public:
  MsrSource(SourceInfo info, std::shared_ptr<Registers> registers, std::uint32_t number)
      : info_(std::move(info)), registers_(std::move(registers)), number_(number) {}
  const SourceInfo& info() const override { return info_; }
  std::optional<double> read() override {
    const auto value = registers_->read(number_);
    trouble_ = value ? "" : fmt::format("{}: {}", info_.where, std::strerror(registers_->error()));
    return value ? std::optional(static_cast<double>(*value & 0xFFFFFFFFu) * info_.resolution) : std::nullopt;
  }
  std::string trouble() const override { return trouble_; }

 private:
  SourceInfo info_;
  std::shared_ptr<Registers> registers_;
  std::uint32_t number_;
  std::string trouble_;
};

std::optional<int> topology(const Roots& roots, int cpu, const char* what) {
  const auto text = read_small_file(roots.sys / fmt::format("devices/system/cpu/cpu{}/topology/{}", cpu, what), 32);
  const auto n = text ? parse_whole(*text) : std::nullopt;
  return n && *n < 100000 ? std::optional(static_cast<int>(*n)) : std::nullopt;
}

// One processor of each package, by the package's name; where a package of Intel's has dies, of each die.
std::map<std::string, int> one_of_each(const Roots& roots, bool amd) {
  std::map<std::pair<int, int>, int> first;
  std::error_code failed;
  std::size_t seen = 0;
  for (fs::directory_iterator it(roots.dev / "cpu", failed), end; !failed && it != end && seen < 65536;
       it.increment(failed), ++seen) {
    const std::string name = it->path().filename().string();
    int cpu = -1;
    const auto [stop, ec] = std::from_chars(name.data(), name.data() + name.size(), cpu);
    if (ec != std::errc() || stop != name.data() + name.size() || cpu < 0) continue;
    if (!fs::exists(it->path() / "msr", failed)) continue;
    const std::pair key(topology(roots, cpu, "physical_package_id").value_or(0),
                        amd ? 0 : topology(roots, cpu, "die_id").value_or(0));
    const auto [at, added] = first.emplace(key, cpu);
    if (!added) at->second = std::min(at->second, cpu);
  }
  std::map<int, int> dies;
  for (const auto& [key, cpu] : first) ++dies[key.first];
  std::map<std::string, int> out;
  for (const auto& [key, cpu] : first)
    out[dies[key.first] > 1 ? fmt::format("package-{}-die-{}", key.first, key.second)
                            : fmt::format("package-{}", key.first)] = cpu;
  return out;
}

Obstacle obstacle(std::string why, std::string mend, bool absent = false) {
  return {"msr", "packages and memory", std::move(why), std::move(mend), absent, "rapl "};
}

}  // namespace

std::optional<CpuIdentity> parse_cpu_identity(std::string_view text) {
  CpuIdentity out;
  bool known = false;
  const auto number = [](std::string_view v) {
    unsigned n = 0;
    std::from_chars(v.data(), v.data() + v.size(), n);
    return n;
  };
  while (!text.empty()) {
    const auto line = text.substr(0, std::min(text.find('\n'), text.size()));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.empty()) break;  // the next processor
    const auto colon = line.find(':');
    if (colon == line.npos || colon + 2 > line.size()) continue;
    auto key = line.substr(0, colon);
    while (key.ends_with('\t') || key.ends_with(' ')) key.remove_suffix(1);
    const auto value = line.substr(std::min(colon + 2, line.size()));
    if (key == "vendor_id") {
      out.amd = value == "AuthenticAMD" || value == "HygonGenuine";
      known = out.amd || value == "GenuineIntel";
    } else if (key == "cpu family") {
      out.family = number(value);
    } else if (key == "model") {
      out.model = number(value);
    }
  }
  // AMD has them since Zen.
  if (!known || (out.amd ? out.family < 0x17 : out.family != 6)) return std::nullopt;
  return out;
}

std::optional<double> msr_energy_unit(std::uint64_t units) {
  const auto bits = units >> 8 & 0x1F;
  return bits == 0 ? std::nullopt : std::optional(std::exp2(-static_cast<double>(bits)));
}

std::optional<double> msr_memory_unit(const CpuIdentity& cpu, double energy_unit) {
  if (cpu.amd || cpu.family != 6) return std::nullopt;
  if (std::find(servers.begin(), servers.end(), cpu.model) != servers.end()) return 1.0 / 65536;
  if (std::find(others.begin(), others.end(), cpu.model) != others.end()) return energy_unit;
  return std::nullopt;
}

Found find_msr_rapl(const Roots& roots) {
  Found out;
  const auto cpuinfo = read_small_file(roots.proc / "cpuinfo");
  const auto cpu = cpuinfo ? parse_cpu_identity(*cpuinfo) : std::nullopt;
  const auto processors = cpu ? one_of_each(roots, cpu->amd) : std::map<std::string, int>();
  if (processors.empty()) {
    out.obstacles.push_back(obstacle(cpu ? fmt::format("there is no {}", (roots.dev / "cpu/0/msr").string())
                                         : "this processor has no such registers",
                                     "only where perf and powercap are missing, as root: modprobe msr", true));
    return out;
  }
  for (const auto& [package, number] : processors) {
    auto registers = std::make_shared<Registers>((roots.dev / fmt::format("cpu/{}/msr", number)).string());
    const auto units = registers->read(cpu->amd ? amd_units : intel_units);
    if (!units) {
      const bool denied = registers->error() == EACCES || registers->error() == EPERM;
      out.obstacles.push_back(obstacle(fmt::format("{}: {}", registers->path(), std::strerror(registers->error())),
                                       denied ? "it is root's and wants CAP_SYS_RAWIO; better load the driver whose "
                                                "counters want less: sudo modprobe intel_rapl_msr, or rapl for perf"
                                              : "virtual machines pass these registers on rarely; nothing to do"));
      return out;
    }
    const auto unit = msr_energy_unit(*units);
    if (!unit) {
      out.obstacles.push_back(obstacle(fmt::format("{} tells no unit of energy", registers->path()),
                                       "virtual machines say 0 here; nothing to do"));
      return out;
    }
    const auto add = [&](std::string component, Domain domain, std::uint32_t which, double joules) {
      if (!registers->read(which)) return;
      SourceInfo info;
      info.component = std::move(component);
      info.family = "msr";
      info.counter = "rapl " + info.component;
      info.where = fmt::format("{} at {:#x}", registers->path(), which);
      info.domain = domain;
      info.gain = domain == Domain::memory ? "meter.rapl.dram_gain" : "meter.rapl.gain";
      info.resolution = joules;
      info.range = 4294967296.0 * joules;
      out.sources.push_back(std::make_unique<MsrSource>(std::move(info), registers, which));
    };
    add(package, Domain::cpu, cpu->amd ? amd_package : intel_package, *unit);
    if (const auto memory = msr_memory_unit(*cpu, *unit))
      add(processors.size() > 1 ? "dram-" + package.substr(8) : "dram", Domain::memory, intel_memory, *memory);
  }
  return out;
}

}  // namespace wattline::meter
