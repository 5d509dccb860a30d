#include "meter/model.h"

#include <algorithm>

namespace wattline::meter {

ModelledEnergy modelled_energy(const HostModel& host, const catalog::Catalog& catalog, Duration cpu_time,
                               Duration duration, Bytes memory) {
  ModelledEnergy out;
  out.factors = host.factors();
  // How many threads ran at once, on average over the time.
  const double busy = duration > Duration(0) ? cpu_time.in(duration) : 1.0;
  out.cpu = host.energy_of_cpu_time(cpu_time, std::max(busy, 1.0));
  out.memory = physics::memory_power(memory, catalog) * Estimate<Duration>::exact(duration);
  out.factors.push_back(catalog.factor("physics.memory.power").use());
  return out;
}

}  // namespace wattline::meter
