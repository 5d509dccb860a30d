#include <cstdint>
#include <string>
#include <vector>

#include "meter/attribution/cgroup_place.h"
#include "meter/attribution/reservations.h"
#include "meter/attribution/users.h"

// Whatever a process's cgroups are called: names that come out are printable and of bounded length.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline::meter;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const CgroupPlace p = parse_cgroups(text);
  for (const std::string* name : {&p.container, &p.pod, &p.job, &p.service}) {
    if (name->size() > 200) __builtin_trap();
    for (const char c : *name)
      if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) __builtin_trap();
  }
  if (!p.pod.empty() && p.pod.size() != 36 && p.pod.size() != 32) __builtin_trap();
  if (const auto s = parse_cpu_usage(text); s && *s < 0) __builtin_trap();
  if (const auto limit = parse_cpu_max(text); limit && !(*limit > 0)) __builtin_trap();
  for (const auto& [uid, name] : parse_passwd(text))
    if (name.empty() || name.size() > 200) __builtin_trap();
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  const std::string id(64, 'a'), uid = "2b7c1f9e_0a4d_4c1b_9a1e_3f2d5c6b7a80";
  return {
      "0::/system.slice/docker-" + id + ".scope\n",
      "12:cpu,cpuacct:/kubepods.slice/kubepods-burstable-pod" + uid + ".slice/cri-containerd-" + id + ".scope\n0::/\n",
      "8:memory:/slurm/uid_1000/job_77/step_batch/task_0\n",
      "0::/lxc.payload.web01/init.scope\n",
      "0::/user.slice/user-1000.slice/user@1000.service/app.slice/pipewire.service\n",
      "usage_usec 2500000\nuser_usec 1\n",
      "200000 100000\n",
      "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534::/:/sbin/nologin\n"};
}
