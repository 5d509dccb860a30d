#include "meter/attribution/waited_times.h"

#include <algorithm>

#include <unistd.h>

#include "meter/proc_files.h"

namespace wattline::meter {

void WaitedTimes::ended(const WatchedProcess& p) {
  seen_.erase(p.pid);
  if (p.parent > 0) seen_[p.parent] += p.used + p.waited;
}

std::vector<std::pair<WatchedProcess*, double>> WaitedTimes::look(ProcessTable& table) {
  std::vector<std::pair<WatchedProcess*, double>> out;
  const double tick = 1.0 / static_cast<double>(::sysconf(_SC_CLK_TCK));
  for (auto& p : table.processes()) {
    const auto text = read_small_file(roots_.proc / std::to_string(p.pid) / "stat", 1024);
    const auto stat = text ? parse_process_stat(*text) : std::nullopt;
    if (!stat || static_cast<std::int64_t>(stat->start_ticks) != p.started) continue;
    const double waited = static_cast<double>(stat->waited_ticks) * tick;
    if (waited <= p.waited) continue;
    double rise = waited - p.waited;
    p.waited = waited;
    if (const auto seen = seen_.find(p.pid); seen != seen_.end()) {
      const double known = std::min(seen->second, rise);
      rise -= known;
      if ((seen->second -= known) <= 0) seen_.erase(seen);
    }
    if (rise > 0) out.emplace_back(&p, rise);
  }
  std::erase_if(seen_, [&](const auto& s) { return !table.find(s.first); });
  return out;
}

}  // namespace wattline::meter
