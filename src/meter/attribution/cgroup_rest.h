// CPU time of a cgroup that none of its living processes explains: of those that came and went in it unseen.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "meter/attribution/cgroup_place.h"
#include "meter/roots.h"

namespace wattline::meter {

class CgroupRest {
 public:
  explicit CgroupRest(Roots);

  // Is there a hierarchy whose sums can be read?
  bool usable() const { return !unified_.empty() || !accounting_.empty(); }
  // Work of a process, and of what its parent told, since the last rest().
  void worked(const std::shared_ptr<const CgroupPlace>&, double seconds);
  struct Rest {
    std::shared_ptr<const CgroupPlace> place;
    double seconds;
  };
  // What is left over since the last time, of the cgroups that `places` lie in; the root is none. A new cgroup is a
  // beginning and tells nothing yet. Costs some microseconds a cgroup: for about once a second.
  std::vector<Rest> rest(const std::vector<std::shared_ptr<const CgroupPlace>>& places);

 private:
  const std::string& path_of(const CgroupPlace&) const;
  std::optional<double> usage(const std::string& path) const;

  std::string unified_, accounting_;  // folders of the hierarchies, "" none
  struct Group {
    double last = 0;  // s of its sum
    double carried = 0;  // what living ones did beyond the sum, taken off later
  };
  std::map<std::string, Group> groups_;  // by path
  std::map<std::string, double> worked_;
};

}  // namespace wattline::meter
