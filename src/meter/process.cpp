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

#include "meter/proc_files.h"
#include "meter/roots.h"

namespace wattline::meter {
namespace fs = std::filesystem;
namespace {

// Numbers of the processes that can be seen, ascending.
std::vector<int> process_ids() {
  std::vector<int> ids;
  std::error_code failed;
  for (fs::directory_iterator it("/proc", failed), end; !failed && it != end; it.increment(failed)) {
    const std::string name = it->path().filename().string();
    int pid = 0;
    const auto [stop, ec] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (ec == std::errc() && stop == name.data() + name.size()) ids.push_back(pid);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

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

std::vector<int> child_processes(int pid) {
  std::vector<int> out;
  for (const int id : process_ids())
    if (const auto stat = stat_of(id); stat && stat->parent == pid) out.push_back(id);
  return out;
}

std::optional<Duration> cpu_time_of_process_tree(int pid) {
  if (!stat_of(pid)) return std::nullopt;
  std::map<int, ProcessStat> all;
  std::multimap<int, int> children;
  for (const int id : process_ids())
    if (const auto stat = stat_of(id)) {
      all[id] = *stat;
      children.emplace(stat->parent, id);
    }
  if (!all.contains(pid)) return std::nullopt;
  std::uint64_t ticks = 0;
  std::vector<int> open = {pid};
  std::set<int> seen;  // numbers are given anew while we read: a circle must not hold us
  while (!open.empty()) {
    const int id = open.back();
    open.pop_back();
    if (!seen.insert(id).second) continue;
    ticks += all[id].own_ticks + all[id].waited_ticks;
    const auto [first, last] = children.equal_range(id);
    for (auto it = first; it != last; ++it) open.push_back(it->second);
  }
  return Duration(static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK)));
}

}  // namespace wattline::meter
