// For tests: a machine that never was, seen by hand.
#pragma once

#include "meter/agent/publisher.h"

namespace wattline::meter::tests {

inline ComponentSeen component(std::string name, Domain domain, double joules, Method method = Method::measured) {
  ComponentSeen c;
  c.info.component = std::move(name);
  c.info.domain = domain;
  c.info.family = method == Method::measured ? "rapl" : "model";
  c.info.device = "Imaginary 9000";
  c.energy = Estimate<Energy>::relative(Energy(joules), 0.05, method, c.info.family);
  c.watts = 40;
  return c;
}

inline Consumer consumer(Level level, std::string name, int pid, double cpu_joules, bool alive = true) {
  Consumer c;
  c.level = level;
  c.name = std::move(name);
  c.pid = pid;
  c.started = pid * 10;
  c.alive = alive;
  c.cpu_seconds = cpu_joules / 10;
  c.joules[0] = cpu_joules;
  return c;
}

// So many seconds after its beginning; the processor draws 40 W, half of it idle, which two processes share 3 : 1.
inline Snapshot snapshot_at(double seconds) {
  Snapshot s;
  s.started = Time{1'790'000'000'000'000'000};
  s.now = s.started + Duration(seconds);
  s.covered = Duration(seconds);
  s.ticks = static_cast<std::uint64_t>(seconds) + 1;
  s.components = {component("package-0", Domain::cpu, 40 * seconds), component("dram", Domain::memory, 4 * seconds),
                  component("psys", Domain::platform, 60 * seconds)};
  s.components[2].info.counted = false;
  DomainSeen cpu;
  cpu.domain = Domain::cpu;
  cpu.how = "share of CPU time";
  cpu.energy = s.components[0].energy;
  cpu.idle = Estimate<Energy>::relative(Energy(20 * seconds), 0.1, Method::measured, "rapl");
  cpu.unattributed = 0;
  s.domains = {cpu};
  s.consumers = {consumer(Level::process, "train", 71, 15 * seconds), consumer(Level::process, "sshd", 12, 5 * seconds),
                 consumer(Level::user, "ada", 0, 15 * seconds), consumer(Level::user, "root", 0, 5 * seconds)};
  s.consumers[0].detail = "5f2c";
  return s;
}

inline double joules(const Snapshot& s, Level level, std::string_view name) {
  for (const auto& c : s.consumers)
    if (c.level == level && c.name == name) return c.joules[0];
  return -1;
}

}  // namespace wattline::meter::tests
