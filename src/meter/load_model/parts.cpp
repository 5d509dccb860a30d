#include "meter/load_model/parts.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>

#include <fmt/format.h>

#include "meter/proc_files.h"

namespace wattline::meter {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> entries(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code failed;
  for (fs::directory_iterator it(folder, failed), end; !failed && it != end && out.size() < 4096; it.increment(failed))
    out.push_back(it->path());
  std::sort(out.begin(), out.end());
  return out;
}

std::optional<std::uint64_t> number_in(const fs::path& file) {
  const auto text = read_small_file(file, 64);
  return text ? parse_whole(*text) : std::nullopt;
}

int by_size(Bytes memory) {
  const double gb = memory.base() / 1e9;
  // The kernel keeps a little for itself: 64 GB of modules tell 62.
  if (gb <= 2.2) return 1;
  if (gb <= 17.2) return 2;
  if (gb <= 69) return 4;
  if (gb <= 138) return 8;
  return std::min(32, static_cast<int>(std::ceil(gb / 34.4)));
}

// Modules that count in full: of many, each draws less.
double weighted(int modules) {
  double out = std::min(modules, 4);
  out += 0.9 * std::clamp(modules - 4, 0, 4);
  out += 0.8 * std::clamp(modules - 8, 0, 8);
  return out + 0.7 * std::max(modules - 16, 0);
}

// Disks that stand for others, and drives without a medium of their own.
bool made_up(const std::string& disk) {
  for (const char* none : {"loop", "ram", "zram", "dm-", "md", "sr", "fd", "nbd"})
    if (disk.starts_with(none)) return true;
  return false;
}

ModelledPart part(std::string component, std::string how, const catalog::Factor& factor, double times) {
  Estimate<Power> power{Estimate<Power>(factor.estimate()) * times};
  power.raw().worsen(Method::modelled);
  return {std::move(component), std::move(how), power, {factor.use()}};
}

}  // namespace

std::optional<Bytes> module_size(std::string_view s) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(s[i])); };
  if (s.size() < 0x0E || byte(0) != 17 || byte(1) < 0x0E) return std::nullopt;
  const std::uint32_t size = byte(0x0C) | byte(0x0D) << 8;
  if (size == 0) return Bytes(0);
  if (size == 0xFFFF) return std::nullopt;
  if (size == 0x7FFF) {
    if (s.size() < 0x20 || byte(1) < 0x20) return std::nullopt;
    const std::uint32_t mb = (byte(0x1C) | byte(0x1D) << 8 | byte(0x1E) << 16 | byte(0x1F) << 24) & 0x7FFFFFFF;
    return Bytes(mb * 1048576.0);
  }
  return Bytes((size & 0x7FFF) * (size & 0x8000 ? 1024.0 : 1048576.0));
}

MemoryModules memory_modules(const Roots& roots, std::optional<Bytes> memory) {
  MemoryModules out;
  for (const auto& entry : entries(roots.sys / "firmware/dmi/entries")) {
    if (!entry.filename().string().starts_with("17-")) continue;
    const auto raw = read_small_file(entry / "raw", 512);
    const auto size = raw ? module_size(*raw) : std::nullopt;
    if (size && *size > Bytes(0)) ++out.count;
  }
  if (out.count == 0)
    for (const auto& controller : entries(roots.sys / "devices/system/edac/mc"))
      for (const auto& slot : entries(controller))
        if (const std::string name = slot.filename().string(); name.starts_with("dimm") || name.starts_with("rank"))
          if (const auto mb = number_in(slot / "size"); mb && *mb > 0) ++out.count;
  out.read = out.count > 0;
  if (!out.read && memory) out.count = by_size(*memory);
  return out;
}

std::vector<ModelledPart> modelled_parts(const Host& host, const Roots& roots, const catalog::Catalog& catalog) {
  std::vector<ModelledPart> out;
  if (host.virtual_machine) {
    if (host.memory)
      out.push_back(part("memory", "by size: its modules are the host's", catalog.factor("physics.memory.power"),
                         host.memory->base()));
  } else if (const MemoryModules m = memory_modules(roots, host.memory); m.count > 0) {
    const bool arm = physics::processor_family(host.cpu) == "server ARM" || host.cpu.find("ARM") != host.cpu.npos ||
                     host.cpu.find("Raspberry") != host.cpu.npos;
    out.push_back(part("memory",
                       fmt::format("{} modules, {}", m.count, m.read ? "as the firmware tells" : "guessed by size"),
                       catalog.factor(arm ? "meter.memory.module.arm" : "meter.memory.module"), weighted(m.count)));
  }
  for (const auto& disk : entries(roots.sys / "block")) {
    const std::string name = disk.filename().string();
    if (made_up(name)) continue;
    if (const auto sectors = number_in(disk / "size"); !sectors || *sectors == 0) continue;
    if (host.virtual_machine || name.starts_with("vd") || name.starts_with("xvd")) {
      out.push_back({"disk " + name, "virtual: what lies behind it is not known", {}, {}});
    } else {
      const bool turns = number_in(disk / "queue/rotational").value_or(0) == 1;
      out.push_back(part("disk " + name, turns ? "hard disk" : "solid state",
                         catalog.factor(turns ? "meter.disk.hard" : "meter.disk.solid"), 1));
    }
  }
  for (const auto& port : entries(roots.sys / "class/net")) {
    std::error_code failed;
    if (!fs::exists(port / "device", failed)) continue;  // bridges, tunnels, loopback
    const std::string name = port.filename().string();
    const auto up = read_small_file(port / "operstate", 32);
    if (!up || parse_name(*up) != "up") continue;
    if (host.virtual_machine) {
      out.push_back({"port " + name, "virtual: what lies behind it is not known", {}, {}});
      continue;
    }
    const auto speed = number_in(port / "speed").value_or(1000);
    out.push_back(part("port " + name, fmt::format("{} Mbit/s", speed),
                       catalog.factor(speed > 1000 ? "meter.port.fast" : "meter.port.gigabit"), 1));
  }
  return out;
}

}  // namespace wattline::meter
