#include "meter/attribution/cgroup_place.h"

#include <algorithm>

#include "meter/proc_files.h"

namespace wattline::meter {
namespace {

constexpr std::size_t longest_name = 200;

bool hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }
bool digit(char c) { return c >= '0' && c <= '9'; }

std::string_view next_part(std::string_view& path) {
  while (!path.empty() && path.front() == '/') path.remove_prefix(1);
  const auto end = std::min(path.find('/'), path.size());
  const auto part = path.substr(0, end);
  path.remove_prefix(end);
  return part;
}

// The last run of exactly 64 hexadecimal digits in a part of a path.
std::string_view long_id(std::string_view part) {
  for (std::size_t end = part.size(); end > 0;) {
    if (!hex(part[end - 1])) {
      --end;
      continue;
    }
    std::size_t begin = end;
    while (begin > 0 && hex(part[begin - 1])) --begin;
    if (end - begin == 64) return part.substr(begin, 64);
    end = begin;
  }
  return {};
}

// "kubepods-burstable-pod2b7c_...slice", "pod2b7c-...": 36 characters, or 32 digits of a static pod.
std::string pod_uid(std::string_view part) {
  if (part.ends_with(".slice")) part.remove_suffix(6);
  const auto at = part.rfind("pod");
  // "kubepods" holds the word as well, and is followed by something else.
  if (at == part.npos || (at > 0 && part[at - 1] != '-')) return {};
  std::string uid(part.substr(at + 3));
  std::replace(uid.begin(), uid.end(), '_', '-');
  const bool fits = std::all_of(uid.begin(), uid.end(), [](char c) { return hex(c) || c == '-'; });
  return fits && (uid.size() == 36 || uid.size() == 32) ? uid : std::string();
}

// Names that LXC and systemd-nspawn give.
std::string_view named(std::string_view part, std::string_view parent) {
  constexpr std::string_view payload = "lxc.payload.", machine = "machine-", scope = ".scope";
  if (part.starts_with(payload)) return part.substr(payload.size());
  if (parent == "lxc" || parent == "lxc.payload") return part;
  if (parent == "machine.slice" && part.starts_with(machine) && part.ends_with(scope) &&
      part.size() > machine.size() + scope.size())
    return part.substr(machine.size(), part.size() - machine.size() - scope.size());
  return {};
}

// The innermost unit, but that a manager of units is told before what it manages.
void add_unit(std::string_view part, std::string& service) {
  constexpr std::string_view ending = ".service";
  if (!part.ends_with(ending) || part.size() == ending.size()) return;
  const std::string name = parse_name(part);
  const auto manager = service.substr(0, service.find('/'));
  service = manager.starts_with("user@") && !name.empty() ? manager + "/" + name : name;
  if (service.size() > longest_name) service.resize(longest_name);
}

void read_path(std::string_view path, CgroupPlace& out) {
  std::string_view parent;
  bool slurm = false;
  std::string container, pod, job, service;
  for (auto part = next_part(path); !part.empty(); parent = part, part = next_part(path)) {
    slurm = slurm || part.find("slurm") != part.npos;
    if (std::string uid = pod_uid(part); !uid.empty()) pod = std::move(uid);
    // The watcher that a runtime sets beside a container bears its number and is none.
    if (part.find("conmon") != part.npos) continue;
    if (const auto id = long_id(part); !id.empty()) container = id;
    else if (const auto name = named(part, parent); !name.empty() && container.empty()) container = parse_name(name);
    if (slurm && part.starts_with("job_") && part.size() > 4 && part.size() < 24 &&
        std::all_of(part.begin() + 4, part.end(), digit))
      job = part.substr(4);
    if (container.empty() && pod.empty()) add_unit(part, service);
  }
  if (out.container.empty()) out.container = std::move(container);
  if (out.pod.empty()) out.pod = std::move(pod);
  if (out.job.empty()) out.job = std::move(job);
  if (out.service.empty()) out.service = std::move(service);
}

}  // namespace

CgroupPlace parse_cgroups(std::string_view text) {
  CgroupPlace out;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    // number:controllers:path
    const auto first = line.find(':');
    const auto second = first == line.npos ? line.npos : line.find(':', first + 1);
    if (second == line.npos || second + 1 >= line.size() || line[second + 1] != '/') continue;
    auto controllers = line.substr(first + 1, second - first - 1);
    const auto path = line.substr(second + 1);
    if (controllers.empty()) out.unified = path;
    while (!controllers.empty()) {
      const auto comma = std::min(controllers.find(','), controllers.size());
      if (controllers.substr(0, comma) == "cpuacct") out.accounting = path;
      controllers.remove_prefix(std::min(comma + 1, controllers.size()));
    }
    read_path(path, out);
  }
  return out;
}

std::optional<double> parse_cpu_usage(std::string_view cpu_stat) {
  constexpr std::string_view key = "usage_usec ";
  while (!cpu_stat.empty()) {
    const auto end = std::min(cpu_stat.find('\n'), cpu_stat.size());
    const auto line = cpu_stat.substr(0, end);
    cpu_stat.remove_prefix(std::min(end + 1, cpu_stat.size()));
    if (!line.starts_with(key)) continue;
    const auto microseconds = parse_whole(line.substr(key.size()));
    if (!microseconds) return std::nullopt;
    return static_cast<double>(*microseconds) * 1e-6;
  }
  return std::nullopt;
}

}  // namespace wattline::meter
