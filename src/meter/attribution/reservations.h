// How much of the machine a cgroup has reserved: its limit of CPU time (cpu.max of v2, cpu.cfs_quota_us of v1) against
// all processors. For sharing idle power out by what is kept ready for whom.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "meter/attribution/cgroup_place.h"
#include "meter/roots.h"

namespace wattline::meter {

// Processors' worth of "200000 100000": 2; nothing without a limit ("max 100000") or when it is not as the kernel
// writes it.
std::optional<double> parse_cpu_max(std::string_view text);

struct Reservation {
  std::shared_ptr<const CgroupPlace> place;
  double share = 0;  // of the machine, 0..1; all together at most 1
};
// Of the containers and jobs among the places that have a limit; each once.
std::vector<Reservation> read_reservations(const Roots&, int threads,
                                           const std::vector<std::shared_ptr<const CgroupPlace>>& places);

}  // namespace wattline::meter
