#include "meter/rapl.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "meter/proc_files.h"

namespace wattline::meter {
namespace fs = std::filesystem;
namespace {

constexpr const char* permission_mend =
    "give wattline the right to the same counters by performance events: sudo setcap cap_perfmon=ep $(command -v "
    "wattline), where only those may start it who may know what others compute; or run it as root (`wattline agent` "
    "gives "
    "root up once they are open)";

struct Zone {
  fs::path path;
  std::string control;  // "intel-rapl", "intel-rapl-mmio"
  std::string key;  // "0", "0:1": as in the folder's name, indices may be hexadecimal
  std::string name;  // "package-0", "dram"
  bool top() const { return key.find(':') == key.npos; }
  std::string parent_key() const { return key.substr(0, key.find(':')); }
};

bool is_index(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == ':';
  });
}

std::vector<Zone> zones(const fs::path& folder) {
  std::vector<Zone> out;
  std::error_code failed;
  for (fs::directory_iterator it(folder, failed), end; !failed && it != end; it.increment(failed)) {
    const std::string name = it->path().filename().string();
    const auto colon = name.find(':');
    if (colon == name.npos || !is_index(name.substr(colon + 1))) continue;
    Zone z{it->path(), name.substr(0, colon), name.substr(colon + 1), {}};
    if (z.control != "intel-rapl" && z.control != "intel-rapl-mmio") continue;
    if (const auto text = read_small_file(z.path / "name", 256)) z.name = parse_name(*text);
    if (!z.name.empty()) out.push_back(std::move(z));
  }
  // By index, the shorter first: packages before their parts, 2 before a before 10.
  std::sort(out.begin(), out.end(), [](const Zone& a, const Zone& b) {
    return std::tuple(a.control, a.key.size(), a.key) < std::tuple(b.control, b.key.size(), b.key);
  });
  return out;
}

class RaplSource : public Source {
 public:
  RaplSource(SourceInfo info, SysfsNumber counter) : info_(std::move(info)), counter_(std::move(counter)) {}
  const SourceInfo& info() const override { return info_; }
  std::optional<double> read() override {
    const auto microjoules = counter_.read();
    if (!microjoules || *microjoules < 0) return std::nullopt;
    return *microjoules * 1e-6;
  }
  std::string trouble() const override { return counter_.trouble(); }

 private:
  SourceInfo info_;
  SysfsNumber counter_;
};

double number_in(const fs::path& path) {
  const auto text = read_small_file(path, 64);
  const auto value = text ? parse_whole(*text) : std::nullopt;
  return value ? static_cast<double>(*value) : 0;
}

Obstacle no_zones(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored))
    return {"rapl", "packages", fmt::format("there is no {}", folder.string()),
            "virtual machines have none; on real ones load the driver (modprobe intel_rapl_msr)", true};
  return {"rapl", "packages", fmt::format("{} holds no RAPL zone", folder.string()),
          "container runtimes hide them (mount /sys/devices/virtual/powercap read-only into the container); on real "
          "machines load the driver (modprobe intel_rapl_msr)",
          true};
}

// "dram" of package-1 on a machine with two: "dram-1".
std::string component_of(const Zone& z, const std::map<std::string, std::string>& parents, bool several) {
  if (z.top() || !several) return z.name;
  const auto parent = parents.find(z.control + ":" + z.parent_key());
  if (parent == parents.end()) return z.name;
  return parent->second.starts_with("package-") ? z.name + "-" + parent->second.substr(8) : z.name;
}

}  // namespace

Found find_rapl(const Roots& roots) {
  Found out;
  const fs::path folder = roots.sys / "class/powercap";
  const auto all = zones(folder);
  if (all.empty()) {
    out.obstacles.push_back(no_zones(folder));
    return out;
  }
  std::map<std::string, std::string> names;  // of top zones, by control:key
  std::set<std::string> packages;
  for (const auto& z : all)
    if (z.top()) {
      names[z.control + ":" + z.key] = z.name;
      if (z.name.starts_with("package-")) packages.insert(z.name);
    }

  std::set<std::string> taken;
  for (const auto& z : all) {
    const bool package = z.top() && z.name.starts_with("package-");
    const bool dram = z.name == "dram", platform = z.name == "psys";
    if (!package && !dram && !platform) continue;
    SourceInfo info;
    info.component = component_of(z, names, packages.size() > 1);
    if (taken.contains(info.component)) continue;  // the same zone by the other path
    info.family = "rapl";
    info.counter = "rapl " + info.component;
    info.where = (z.path / "energy_uj").string();
    info.domain = package ? Domain::cpu : dram ? Domain::memory : Domain::platform;
    info.counted = !platform;
    if (platform) info.not_counted_because = "it contains the packages";
    info.gain = dram ? "meter.rapl.dram_gain" : "meter.rapl.gain";
    info.range = number_in(z.path / "max_energy_range_uj") * 1e-6;
    // Short bursts exceed the limit, never by this much.
    if (const double limit = number_in(z.path / "constraint_0_max_power_uw") * 1e-6; limit > 0)
      info.most = Power(4 * limit);

    if (const auto on = read_small_file(z.path / "enabled", 16); on && parse_whole(*on) == 0u) {
      out.obstacles.push_back({"rapl", info.component, "the zone is switched off and its counter may stand still",
                               fmt::format("as root: echo 1 > {}", (z.path / "enabled").string()), false,
                               info.counter});
      continue;
    }
    SysfsNumber counter(z.path / "energy_uj");
    if (!counter.read()) {
      out.obstacles.push_back({"rapl", info.component, counter.trouble(),
                               counter.denied() ? permission_mend : "the kernel's driver does not answer for this zone",
                               false, info.counter});
      continue;
    }
    taken.insert(info.component);
    out.sources.push_back(std::make_unique<RaplSource>(std::move(info), std::move(counter)));
  }
  return out;
}

}  // namespace wattline::meter
