#include "meter/process.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "meter/attribution/cpu_times.h"
#include "meter/proc_files.h"
#include "meter/roots.h"

namespace wattline::meter {
namespace fs = std::filesystem;
namespace {

// Numbers that are names in the folder, ascending: of processes, of a process's threads.
std::vector<int> numbers_in(const fs::path& folder) {
  std::vector<int> ids;
  std::error_code failed;
  for (fs::directory_iterator it(folder, failed), end; !failed && it != end; it.increment(failed)) {
    const std::string name = it->path().filename().string();
    int pid = 0;
    const auto [stop, ec] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (ec == std::errc() && stop == name.data() + name.size()) ids.push_back(pid);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::vector<int> process_ids() { return numbers_in("/proc"); }

bool holds_one_of(int pid, const std::set<std::uint64_t>& inodes) {
  std::error_code failed;
  const fs::path folder = fmt::format("/proc/{}/fd", pid);
  for (fs::directory_iterator it(folder, failed), end; !failed && it != end; it.increment(failed)) {
    std::error_code gone;
    const std::string target = fs::read_symlink(it->path(), gone).string();
    constexpr std::string_view before = "socket:[";
    if (gone || !target.starts_with(before) || !target.ends_with(']')) continue;
    const auto inode = parse_whole(std::string_view(target).substr(before.size(), target.size() - before.size() - 1));
    if (inode && inodes.contains(*inode)) return true;
  }
  return false;
}

std::optional<ProcessStat> stat_of(int pid) {
  const auto text = read_small_file(fmt::format("/proc/{}/stat", pid));
  return text ? parse_process_stat(*text) : std::nullopt;
}

}  // namespace

std::optional<int> process_listening_on(std::uint16_t port) {
  std::set<std::uint64_t> inodes;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"})
    if (const auto text = read_small_file(table, std::size_t{1} << 26)) inodes.merge(listening_inodes(*text, port));
  if (inodes.empty()) return std::nullopt;
  for (const int pid : process_ids())
    if (holds_one_of(pid, inodes)) return pid;
  return std::nullopt;
}

namespace {

// As the kernel lists them, by the thread that made them; nothing where it does not (a kernel without
// CONFIG_PROC_CHILDREN, a process that is gone). One that ends while we read may hide another.
std::optional<std::vector<int>> listed_children(int pid) {
  std::vector<int> out;
  const std::string tasks = fmt::format("/proc/{}/task", pid);
  bool any = false;
  for (const int thread : numbers_in(tasks)) {
    const auto text = read_small_file(fmt::format("{}/{}/children", tasks, thread), std::size_t{1} << 20);
    if (!text) {
      if (!any && !fs::exists("/proc/self/task/" + std::to_string(::getpid()) + "/children")) return std::nullopt;
      continue;  // a thread that has ended
    }
    any = true;
    const char* at = text->data();
    const char* const end = at + text->size();
    for (int id = 0; at < end; ++at)
      if (const auto [stop, ec] = std::from_chars(at, end, id); ec == std::errc()) {
        out.push_back(id);
        at = stop;
      }
  }
  if (!any) return std::nullopt;
  std::sort(out.begin(), out.end());
  return out;
}

// What it used itself is asked of its clock, which does not go by hundredths of a second as its file does.
Duration time_of(const ProcessStat& s) {
  const double tick = 1.0 / static_cast<double>(::sysconf(_SC_CLK_TCK));
  const double own = static_cast<double>(s.own_ticks) * tick;
  const double by_clock = process_clock(s.pid).value_or(own);
  return Duration(std::max(own, by_clock) + static_cast<double>(s.waited_ticks) * tick);
}

}  // namespace

std::vector<int> child_processes(int pid) {
  if (auto listed = listed_children(pid)) return *listed;
  std::vector<int> out;
  for (const int id : process_ids())
    if (const auto stat = stat_of(id); stat && stat->parent == pid) out.push_back(id);
  return out;
}

std::optional<Duration> cpu_time_of_process_tree(int pid) {
  const auto first = stat_of(pid);
  if (!first) return std::nullopt;
  Duration time = time_of(*first);
  std::vector<int> open = {pid};
  std::set<int> seen = {pid};  // numbers are given anew while we read: a circle must not hold us
  if (listed_children(pid)) {
    while (!open.empty()) {
      const auto children = listed_children(open.back()).value_or(std::vector<int>{});
      open.pop_back();
      for (const int id : children) {
        if (!seen.insert(id).second) continue;
        if (const auto stat = stat_of(id)) time += time_of(*stat);
        open.push_back(id);
      }
    }
    return time;
  }
  std::map<int, ProcessStat> all;
  std::multimap<int, int> children;
  for (const int id : process_ids())
    if (const auto stat = stat_of(id)) {
      all[id] = *stat;
      children.emplace(stat->parent, id);
    }
  while (!open.empty()) {
    const auto [begin, end] = children.equal_range(open.back());
    open.pop_back();
    for (auto it = begin; it != end; ++it) {
      if (!seen.insert(it->second).second) continue;
      time += time_of(all[it->second]);
      open.push_back(it->second);
    }
  }
  return time;
}

}  // namespace wattline::meter
