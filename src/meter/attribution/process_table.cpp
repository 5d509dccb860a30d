#include "meter/attribution/process_table.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include <dirent.h>
#include <fmt/format.h>
#include <unistd.h>

#include "meter/attribution/environment_job.h"
#include "meter/proc_files.h"

namespace wattline::meter {
namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::size_t most_places = 4096;

// When a process's files are read again, by how long it has been watched: soon, for what it becomes after its birth, and
// rarely.
std::int64_t identify_after(int looks) { return (looks < 20 ? 1 : 30) * second; }

}  // namespace

ProcessTable::ProcessTable(Roots roots, std::unique_ptr<CpuTimes> times)
    : roots_(std::move(roots)), times_(std::move(times)) {
  const auto most = read_small_file(roots_.proc / "sys/kernel/pid_max", 64);
  most_pids_ = static_cast<int>(std::clamp<std::uint64_t>(most ? parse_whole(*most).value_or(0) : 0, 1 << 15, 1 << 22));
}

WatchedProcess* ProcessTable::find(int pid) {
  const auto it = index_.find(pid);
  return it == index_.end() ? nullptr : &all_[it->second];
}

std::string ProcessTable::trouble() const {
  if (!trouble_.empty()) return trouble_;
  if (hidden_ == 0) return {};
  return fmt::format(
      "the names of {} processes are hidden ({} is mounted with hidepid, or they are another user's): run as root or "
      "as "
      "a member of the group that the mount names (gid=)",
      hidden_, roots_.proc.string());
}

std::shared_ptr<const CgroupPlace> ProcessTable::place_of(const std::string& cgroups,
                                                          const std::string& environment_job) {
  if (places_.size() > most_places) std::erase_if(places_, [](const auto& p) { return p.second.use_count() == 1; });
  auto& place = places_[environment_job.empty() ? cgroups : cgroups + '\0' + environment_job];
  if (place) return place;
  CgroupPlace made = parse_cgroups(cgroups);
  if (made.job.empty()) made.environment_job = environment_job;
  place = std::make_shared<const CgroupPlace>(std::move(made));
  return place;
}

std::string ProcessTable::environment_job(const WatchedProcess& p, bool read) {
  if (p.place && !p.place->environment_job.empty()) return p.place->environment_job;
  if (!read) return {};
  if (const WatchedProcess* parent = find(p.parent); parent && !parent->place->environment_job.empty())
    return parent->place->environment_job;
  return read_environment_job(roots_, p.pid);
}

bool ProcessTable::identify(WatchedProcess& p) {
  const auto folder = roots_.proc / std::to_string(p.pid);
  const auto text = read_small_file(folder / "stat", 1024);
  const int why = text ? 0 : errno;
  const auto stat = text ? parse_process_stat(*text) : std::nullopt;
  if (!stat) {
    // A number that its clock knows and /proc does not show is a hidden process's.
    if (why != EACCES && why != EPERM && why != ENOENT) return false;
    if (why == ENOENT && !times_->of(p.pid)) return false;  // it ended meanwhile
    if (p.looks > 0) return p.hidden;
    p.hidden = true;
    p.name = fmt::format("pid {}", p.pid);
    p.user = UINT32_MAX;
    p.place = place_of({});
    return true;
  }
  const auto started = static_cast<std::int64_t>(stat->start_ticks);
  if (p.looks > 0 && !p.hidden && started != p.started) return false;
  std::uint32_t user = p.user;
  if (const auto status = read_small_file(folder / "status", 2048)) user = parse_effective_user(*status).value_or(user);
  const std::string cgroups = read_small_file(folder / "cgroup").value_or(std::string());
  p.parent = stat->parent;
  auto place = place_of(cgroups);
  // Another program has an environment of its own.
  if (place->job.empty())
    if (const auto job = environment_job(p, p.looks == 0 || p.name != stat->name); !job.empty())
      place = place_of(cgroups, job);
  p.changed = p.changed || p.name != stat->name || p.user != user || p.place != place;
  p.hidden = false;
  p.started = started;
  if (p.looks == 0) p.waited = static_cast<double>(stat->waited_ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  p.name = stat->name;
  p.user = user;
  p.place = std::move(place);
  return true;
}

void ProcessTable::adopt(int pid, std::int64_t boot_ns) {
  if (index_.contains(pid)) return;
  const auto used = times_->of(pid);
  if (!used) return;
  WatchedProcess p;
  p.pid = pid;
  if (!identify(p)) return;
  p.used = used->seconds;
  p.identified_ns = boot_ns;
  // One that was there before the last look and was not seen then has a past that is not this look's.
  const double age = static_cast<double>(boot_ns) * 1e-9 -
                     static_cast<double>(p.started) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  const double since = static_cast<double>(boot_ns - last_look_ns_) * 1e-9;
  const bool before = first_ || (!p.hidden && age > since + 1);
  p.worked = before ? 0 : p.used;
  // All of a new one's children are new as well.
  if (!before) p.waited = 0;
  hidden_ += p.hidden ? 1 : 0;
  index_[pid] = all_.size();
  all_.push_back(std::move(p));
}

void ProcessTable::drop(std::size_t i) {
  times_->forget(all_[i].pid);
  all_[i].worked = 0;
  hidden_ -= all_[i].hidden ? 1 : 0;
  index_.erase(all_[i].pid);
  ended_.push_back(std::move(all_[i]));
  if (i + 1 < all_.size()) {
    all_[i] = std::move(all_.back());
    index_[all_[i].pid] = i;
  }
  all_.pop_back();
}

void ProcessTable::ask_known(std::int64_t boot_ns) {
  for (std::size_t i = 0; i < all_.size();) {
    WatchedProcess& p = all_[i];
    const auto used = times_->of(p.pid);
    const bool was_new = p.looks++ == 0;
    p.changed = false;
    // A step back: another process has the number.
    bool same = used && used->seconds >= p.used && (used->started == 0 || p.hidden || used->started == p.started);
    if (same && used->seconds > p.used && (was_new || boot_ns - p.identified_ns > identify_after(p.looks))) {
      const bool hidden = p.hidden;
      same = identify(p);
      hidden_ -= same && hidden && !p.hidden ? 1 : 0;
      p.identified_ns = boot_ns;
    }
    if (!same) {
      drop(i);
      continue;
    }
    p.worked = used->seconds - p.used;
    p.used = used->seconds;
    ++i;
  }
}

void ProcessTable::list(std::int64_t boot_ns, bool doubtful) {
  last_list_ns_ = boot_ns;
  DIR* folder = ::opendir(roots_.proc.c_str());
  if (!folder) {
    trouble_ = fmt::format("cannot list {}: {}", roots_.proc.string(), std::strerror(errno));
    return;
  }
  trouble_.clear();
  std::vector<int> there;
  while (const dirent* entry = ::readdir(folder)) {
    const std::string_view name = entry->d_name;
    int pid = 0;
    const auto [stop, ec] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (ec == std::errc() && stop == name.data() + name.size() && pid > 0) there.push_back(pid);
  }
  ::closedir(folder);
  std::sort(there.begin(), there.end());
  for (std::size_t i = 0; i < all_.size();) {
    const bool listed = std::binary_search(there.begin(), there.end(), all_[i].pid);
    if ((!listed && !times_->cheap()) || (doubtful && !identify(all_[i]))) drop(i);
    else ++i;
  }
  for (const int pid : there) adopt(pid, boot_ns);
}

void ProcessTable::probe(int first, int last, std::int64_t boot_ns) {
  for (int pid = first; pid <= last; ++pid) {
    const auto known = index_.find(pid);
    // Its number came by again: it was passed over because it is taken, or it is another's by now.
    if (known != index_.end() && !identify(all_[known->second])) drop(known->second);
    adopt(pid, boot_ns);
  }
}

void ProcessTable::find_new(std::int64_t boot_ns) {
  const auto loadavg = read_small_file(roots_.proc / "loadavg", 256);
  const int last = loadavg ? parse_last_pid(*loadavg).value_or(0) : 0;
  const int before = last_pid_;
  last_pid_ = last;
  if (first_ || last == 0 || !times_->cheap()) {
    list(boot_ns, false);
    // Others' processes are hidden, or at least some are.
    const int most_probed = 1 << 16;
    if (times_->cheap() && trouble_.empty() && !index_.contains(1) && last > 0 && last <= most_probed)
      probe(1, last, boot_ns);
    return;
  }
  if (last == before) return;
  const int given = last > before ? last - before : most_pids_ - before + last;
  if (static_cast<std::size_t>(given) > 4096 + 8 * all_.size()) return list(boot_ns, true);
  if (last > before) return probe(before + 1, last, boot_ns);
  probe(before + 1, most_pids_, boot_ns);
  probe(1, last, boot_ns);
}

void ProcessTable::look(std::int64_t boot_ns) {
  ended_.clear();
  ask_known(boot_ns);
  find_new(boot_ns);
  // In case a number was given in a way that does not show.
  if (boot_ns - last_list_ns_ > 30 * second) list(boot_ns, false);
  last_look_ns_ = boot_ns;
  first_ = false;
}

}  // namespace wattline::meter
