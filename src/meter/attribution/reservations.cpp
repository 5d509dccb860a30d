#include "meter/attribution/reservations.h"

#include <algorithm>
#include <set>

#include "meter/proc_files.h"

namespace wattline::meter {
namespace {

std::optional<double> limit_of(const Roots& roots, const CgroupPlace& p) {
  const auto base = roots.sys / "fs/cgroup";
  if (p.unified.size() > 1 && p.unified.find("/..") == p.unified.npos)
    for (const char* hierarchy : {"", "/unified"})
      if (const auto text = read_small_file(base.string() + hierarchy + p.unified + "/cpu.max", 64))
        if (const auto limit = parse_cpu_max(*text)) return limit;
  if (p.accounting.size() > 1 && p.accounting.find("/..") == p.accounting.npos)
    for (const char* hierarchy : {"/cpu", "/cpu,cpuacct"}) {
      const std::string folder = base.string() + hierarchy + p.accounting;
      const auto quota = read_small_file(folder + "/cpu.cfs_quota_us", 64);
      const auto period = read_small_file(folder + "/cpu.cfs_period_us", 64);
      if (!quota || !period) continue;
      // -1: no limit
      const std::int64_t q = parse_signed(*quota).value_or(-1), t = parse_signed(*period).value_or(0);
      if (q > 0 && t > 0) return static_cast<double>(q) / static_cast<double>(t);
    }
  return std::nullopt;
}

}  // namespace

std::optional<double> parse_cpu_max(std::string_view text) {
  const auto blank = text.find(' ');
  if (blank == text.npos) return std::nullopt;
  const std::uint64_t quota = parse_whole(text.substr(0, blank)).value_or(0);
  const std::uint64_t period = parse_whole(text.substr(blank + 1)).value_or(0);
  if (quota == 0 || period == 0) return std::nullopt;
  return static_cast<double>(quota) / static_cast<double>(period);
}

std::vector<Reservation> read_reservations(const Roots& roots, int threads,
                                           const std::vector<std::shared_ptr<const CgroupPlace>>& places) {
  std::vector<Reservation> out;
  std::set<std::string> seen;
  double sum = 0;
  for (const auto& p : places) {
    const std::string key = p->container + "|" + p->job;
    if (key.size() == 1 || !seen.insert(key).second) continue;
    const auto limit = limit_of(roots, *p);
    if (!limit) continue;
    out.push_back({p, std::min(*limit / std::max(threads, 1), 1.0)});
    sum += out.back().share;
  }
  // More is promised than there is: each gets its part of the promise.
  if (sum > 1)
    for (auto& r : out) r.share /= sum;
  return out;
}

}  // namespace wattline::meter
