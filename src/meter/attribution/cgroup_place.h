// What a process's cgroups (/proc/PID/cgroup) say of where it belongs: its container, its pod, its batch job and its
// service.
//
// Containers: the last group of 64 hexadecimal digits in the path, which is how Docker, containerd, CRI-O and Podman
// name them under cgroup v1, v2 and both at once, with and without systemd; of LXC and systemd-nspawn the name. Pods:
// the uid behind "pod" in a path of kubepods, dashes restored. Jobs: job_N below a path of Slurm. Services: the unit of
// systemd that ends in .service; one of a user's own manager bears that manager's name before its own
// (user@1000.service/pipewire.service), since other users have the same; slices, scopes and what runs inside a container
// are none.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wattline::meter {

struct CgroupPlace {
  std::string container;  // "" none
  std::string pod;
  std::string job;  // "1234"
  std::string service;  // "nginx.service"
  // Of processes whose cgroups tell no job, what their environment says (environment_job.h): no property of the cgroup.
  std::string environment_job;
  std::string unified, accounting;  // path in the hierarchy of v2, and in the one of v1 with cpuacct; "" none
};

CgroupPlace parse_cgroups(std::string_view text);

// s, of usage_usec in a cpu.stat of v2; nothing when it is not there.
std::optional<double> parse_cpu_usage(std::string_view cpu_stat);

}  // namespace wattline::meter
