#include "meter/attribution/cgroup_rest.h"

#include <algorithm>
#include <tuple>

#include "meter/proc_files.h"

namespace wattline::meter {
namespace {

bool below(const std::string& path, const std::string& above) {
  return path.size() > above.size() && path.starts_with(above) && path[above.size()] == '/';
}

}  // namespace

CgroupRest::CgroupRest(Roots roots) {
  namespace fs = std::filesystem;
  const fs::path base = roots.sys / "fs/cgroup";
  std::error_code ignored;
  if (fs::exists(base / "cgroup.controllers", ignored)) unified_ = base.string();
  for (const char* name : {"cpuacct", "cpu,cpuacct"})
    if (accounting_.empty() && fs::exists(base / name / "cpuacct.usage", ignored)) accounting_ = (base / name).string();
  // Of a hybrid the half of v2 counts time too, as far as processes are sorted into it.
  if (unified_.empty() && accounting_.empty() && fs::exists(base / "unified/cgroup.controllers", ignored))
    unified_ = (base / "unified").string();
}

const std::string& CgroupRest::path_of(const CgroupPlace& p) const {
  return accounting_.empty() ? p.unified : p.accounting;
}

std::optional<double> CgroupRest::usage(const std::string& path) const {
  if (!accounting_.empty()) {
    const auto text = read_small_file(accounting_ + path + "/cpuacct.usage", 64);
    const auto ns = text ? parse_whole(*text) : std::nullopt;
    return ns ? std::optional(static_cast<double>(*ns) * 1e-9) : std::nullopt;
  }
  const auto text = read_small_file(unified_ + path + "/cpu.stat", 2048);
  return text ? parse_cpu_usage(*text) : std::nullopt;
}

void CgroupRest::worked(const std::shared_ptr<const CgroupPlace>& place, double seconds) {
  if (usable() && place) worked_[path_of(*place)] += seconds;
}

std::vector<CgroupRest::Rest> CgroupRest::rest(const std::vector<std::shared_ptr<const CgroupPlace>>& places) {
  std::vector<Rest> out;
  if (!usable()) return out;
  std::map<std::string, std::shared_ptr<const CgroupPlace>> by_path;
  for (const auto& p : places) {
    const std::string& path = path_of(*p);
    // A path with .. is of a cgroup outside our namespace: it is not where it says.
    if (path.size() > 1 && path.find("/..") == path.npos) by_path.try_emplace(path, p);
  }
  std::vector<std::string> paths;
  for (const auto& [path, place] : by_path) paths.push_back(path);
  // The deepest first: what is found there is explained for those above.
  std::sort(paths.begin(), paths.end(), [](const auto& a, const auto& b) {
    return std::tuple(-std::count(a.begin(), a.end(), '/'), a) < std::tuple(-std::count(b.begin(), b.end(), '/'), b);
  });
  std::map<std::string, Group> now;
  for (const auto& path : paths) {
    const auto used = usage(path);
    if (!used) continue;
    const auto known = groups_.find(path);
    Group g{*used, 0};
    if (known != groups_.end() && *used >= known->second.last) {
      double explained = known->second.carried;
      for (const auto& [other, seconds] : worked_)
        if (other == path || below(other, path)) explained += seconds;
      const double left = *used - known->second.last - explained;
      g.carried = std::max(-left, 0.0);
      if (left > 0) {
        out.push_back({by_path[path], left});
        worked_[path] += left;
      }
    }
    now[path] = g;
  }
  groups_ = std::move(now);
  worked_.clear();
  return out;
}

}  // namespace wattline::meter
