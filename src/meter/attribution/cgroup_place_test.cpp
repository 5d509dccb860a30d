#include "meter/attribution/cgroup_place.h"

#include <gtest/gtest.h>

namespace wattline::meter {
namespace {

const std::string id(64, 'a'), other = std::string(63, 'b') + "0";
const std::string uid = "2b7c1f9e-0a4d-4c1b-9a1e-3f2d5c6b7a80";

TEST(CgroupPlace, ContainersOfEveryRuntime) {
  for (const std::string& path :
       {"/docker/" + id, "/system.slice/docker-" + id + ".scope", "/machine.slice/libpod-" + id + ".scope/container",
        "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + id + ".scope",
        "/kubepods.slice/x/crio-" + id + ".scope", "/kubepods.slice/x/cri-containerd-" + id + ".scope",
        "/system.slice/containerd.service/kubepods-burstable-pod1.slice:cri-containerd:" + id,
        "/docker/" + other + "/kubelet/kubepods/besteffort/x/" + id}) {
    EXPECT_EQ(parse_cgroups("0::" + path + "\n").container, id) << path;
    EXPECT_EQ(parse_cgroups("12:cpu,cpuacct:" + path + "\n1:name=systemd:" + path + "\n0::/\n").container, id) << path;
  }
  EXPECT_EQ(parse_cgroups("0::/lxc.payload.web01/init.scope\n").container, "web01");
  EXPECT_EQ(parse_cgroups("4:memory:/lxc/web02\n").container, "web02");
  EXPECT_EQ(parse_cgroups("0::/machine.slice/machine-fedora.scope/payload\n").container, "fedora");
}

TEST(CgroupPlace, WhatIsNoContainer) {
  for (const std::string& path :
       {std::string("/"), std::string("/user.slice/user-0.slice/session-1.scope"), "/docker/" + id.substr(1),
        "/docker/" + id + "a", "/machine.slice/libpod-conmon-" + id + ".scope",
        std::string("/system.slice/lxc.service"), std::string("/machine.slice/machine-.scope")})
    EXPECT_EQ(parse_cgroups("0::" + path + "\n").container, "") << path;
}

TEST(CgroupPlace, Pods) {
  const std::string low = "2b7c1f9e_0a4d_4c1b_9a1e_3f2d5c6b7a80";
  for (const std::string& path : {"/kubepods/burstable/pod" + uid + "/" + id, "/kubepods/pod" + uid + "/" + id,
                                  "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + low +
                                      ".slice/cri-containerd-" + id + ".scope",
                                  "/kubepods.slice/kubepods-pod" + low + ".slice/crio-" + id + ".scope"}) {
    const auto p = parse_cgroups("0::" + path + "\n");
    EXPECT_EQ(p.pod, uid) << path;
    EXPECT_EQ(p.container, id) << path;
  }
  const std::string fixed(32, '7');
  EXPECT_EQ(parse_cgroups("0::/kubepods/burstable/pod" + fixed + "/" + id + "\n").pod, fixed);
  EXPECT_EQ(parse_cgroups("0::/kubepods.slice/kubepods-besteffort.slice\n").pod, "");
  EXPECT_EQ(parse_cgroups("0::/user.slice/podman-123.scope\n").pod, "");
}

TEST(CgroupPlace, JobsOfSlurm) {
  EXPECT_EQ(parse_cgroups("0::/system.slice/slurmstepd.scope/job_1234/step_0/user/task_0\n").job, "1234");
  EXPECT_EQ(parse_cgroups("8:cpu,cpuacct:/slurm/uid_1000/job_77/step_batch/task_0\n").job, "77");
  EXPECT_EQ(parse_cgroups("8:memory:/slurm_node12/uid_1000/job_78\n").job, "78");
  for (const char* path : {"/job_1", "/slurm/job_", "/slurm/job_x", "/slurm/job_123456789012345678901234567890"})
    EXPECT_EQ(parse_cgroups(std::string("0::") + path + "\n").job, "") << path;
}

TEST(CgroupPlace, ServicesOfSystemd) {
  const auto service = [](const std::string& path) { return parse_cgroups("0::" + path + "\n").service; };
  EXPECT_EQ(service("/system.slice/nginx.service"), "nginx.service");
  EXPECT_EQ(service("/system.slice/system-getty.slice/getty@tty1.service"), "getty@tty1.service");
  EXPECT_EQ(service("/system.slice/nginx.service/worker"), "nginx.service") << "a group of its own below it";
  EXPECT_EQ(parse_cgroups("4:cpu,cpuacct:/\n1:name=systemd:/system.slice/cron.service\n0::/\n").service,
            "cron.service");
  EXPECT_EQ(service("/user.slice/user-1000.slice/user@1000.service/app.slice/pipewire.service"),
            "user@1000.service/pipewire.service");
  EXPECT_EQ(service("/user.slice/user-1000.slice/user@1000.service/init.scope"), "user@1000.service");
  for (const std::string& path :
       {std::string("/"), std::string("/user.slice/user-0.slice/session-1.scope"), std::string("/system.slice"),
        std::string("/system.slice/.service"), "/system.slice/docker-" + id + ".scope",
        "/docker/" + id + "/system.slice/nginx.service", "/kubepods/pod" + uid + "/" + id + "/x.service",
        std::string("/lxc.payload.web01/system.slice/nginx.service"), std::string("/system.slice/a\x1b.service")})
    EXPECT_EQ(service(path), "") << path;
  // Of a container that its runtime's own service holds, both are told.
  const auto both = parse_cgroups("0::/system.slice/docker.service/docker/" + id + "\n");
  EXPECT_EQ(both.service, "docker.service");
  EXPECT_EQ(both.container, id);
  EXPECT_LE(service("/user@1.service/" + std::string(250, 'x') + ".service").size(), 200u);
}

TEST(CgroupPlace, WhereItsTimeIsCounted) {
  const auto hybrid = parse_cgroups("9:name=systemd:/a\n2:cpu,cpuacct:/b\n0::/c\n");
  EXPECT_EQ(hybrid.accounting, "/b");
  EXPECT_EQ(hybrid.unified, "/c");
  EXPECT_EQ(parse_cgroups("garbage\n::\n0::relative\n:\n").unified, "");
  EXPECT_DOUBLE_EQ(*parse_cpu_usage("usage_usec 2500000\nuser_usec 1\n"), 2.5);
  EXPECT_DOUBLE_EQ(*parse_cpu_usage("nr_periods 3\nusage_usec 1\n"), 1e-6);
  for (const char* bad : {"", "usage_usec\n", "usage_usec -1\n", "usage_usec x\n", "user_usec 5\n"})
    EXPECT_FALSE(parse_cpu_usage(bad)) << bad;
}

}  // namespace
}  // namespace wattline::meter
