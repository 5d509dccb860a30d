#include "meter/attribution/process_table.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <dirent.h>
#include <fmt/format.h>
#include <unistd.h>

#include "meter/proc_files.h"

namespace wattline::meter {
namespace {

constexpr std::int64_t second = 1'000'000'000;

}  // namespace

ProcessTable::ProcessTable(Roots roots, std::unique_ptr<CpuTimes> times)
    : roots_(std::move(roots)), times_(std::move(times)) {}

const WatchedProcess* ProcessTable::find(int pid) const {
  const auto it = index_.find(pid);
  return it == index_.end() ? nullptr : &all_[it->second];
}

std::vector<int> ProcessTable::list() {
  std::vector<int> out;
  DIR* folder = ::opendir(roots_.proc.c_str());
  if (!folder) {
    trouble_ = fmt::format("cannot list {}: {}", roots_.proc.string(), std::strerror(errno));
    return out;
  }
  trouble_.clear();
  while (const dirent* entry = ::readdir(folder)) {
    const std::string_view name = entry->d_name;
    int pid = 0;
    const auto [stop, ec] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (ec == std::errc() && stop == name.data() + name.size() && pid > 0) out.push_back(pid);
  }
  ::closedir(folder);
  return out;
}

bool ProcessTable::identify(WatchedProcess& p) const {
  const auto folder = roots_.proc / std::to_string(p.pid);
  const auto text = read_small_file(folder / "stat", 1024);
  const auto stat = text ? parse_process_stat(*text) : std::nullopt;
  if (!stat) return false;
  const auto started = static_cast<std::int64_t>(stat->start_ticks);
  if (p.looks > 0 && started != p.started) return false;
  std::string cgroups;
  if (auto c = read_small_file(folder / "cgroup")) cgroups = std::move(*c);
  std::uint32_t user = p.user;
  if (const auto status = read_small_file(folder / "status", 4096)) user = parse_effective_user(*status).value_or(user);
  p.changed = p.changed || p.name != stat->name || p.user != user || p.cgroups != cgroups;
  p.started = started;
  p.parent = stat->parent;
  p.name = stat->name;
  p.user = user;
  p.cgroups = std::move(cgroups);
  return true;
}

void ProcessTable::adopt(int pid, std::int64_t boot_ns) {
  if (index_.contains(pid)) return;
  WatchedProcess p;
  p.pid = pid;
  if (!identify(p)) return;
  const auto used = times_->of(pid);
  if (!used) return;
  p.used = *used;
  p.identified_ns = boot_ns;
  // One that was there before the last look and was not seen then has a past that is not this look's.
  const double age = static_cast<double>(boot_ns) * 1e-9 -
                     static_cast<double>(p.started) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  const double since = static_cast<double>(boot_ns - last_look_ns_) * 1e-9;
  p.worked = first_ || age > since + 1 ? 0 : *used;
  index_[pid] = all_.size();
  all_.push_back(std::move(p));
}

void ProcessTable::drop(std::size_t i) {
  times_->forget(all_[i].pid);
  all_[i].worked = 0;
  index_.erase(all_[i].pid);
  ended_.push_back(std::move(all_[i]));
  if (i + 1 < all_.size()) {
    all_[i] = std::move(all_.back());
    index_[all_[i].pid] = i;
  }
  all_.pop_back();
}

void ProcessTable::look(std::int64_t boot_ns) {
  ended_.clear();
  for (std::size_t i = 0; i < all_.size();) {
    WatchedProcess& p = all_[i];
    const auto used = times_->of(p.pid);
    const bool was_new = p.looks++ == 0;
    p.changed = false;
    // A step back: another process has the number. Names and containers settle after birth, and may change later.
    bool same = used && *used >= p.used;
    if (same && (was_new || boot_ns - p.identified_ns > (p.looks < 100 ? 1 : 30) * second) && *used > p.used) {
      same = identify(p);
      p.identified_ns = boot_ns;
    }
    if (!same) {
      drop(i);
      continue;
    }
    p.worked = *used - p.used;
    p.used = *used;
    ++i;
  }
  const auto loadavg = read_small_file(roots_.proc / "loadavg", 256);
  const int last_pid = loadavg ? parse_last_pid(*loadavg).value_or(0) : 0;
  if (first_ || last_pid == 0 || last_pid != last_pid_) {
    std::vector<int> there = list();
    std::sort(there.begin(), there.end());
    if (trouble_.empty())
      for (std::size_t i = 0; i < all_.size();) {
        if (std::binary_search(there.begin(), there.end(), all_[i].pid)) ++i;
        else drop(i);
      }
    for (const int pid : there) adopt(pid, boot_ns);
  }
  last_pid_ = last_pid;
  last_look_ns_ = boot_ns;
  first_ = false;
}

}  // namespace wattline::meter
