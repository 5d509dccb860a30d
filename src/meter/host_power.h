// The processor's energy of a piece of CPU time on this machine: what the gateway charges its
// built-in model, and every command itself. Measured where a counter can be read (RAPL: the packages'
// joules shared out by busy CPU time), else modelled from the catalog's processor (physics).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "kernel/estimate.h"
#include "kernel/quantity.h"

namespace wattline::meter {

class HostPower {
 public:
  virtual ~HostPower() = default;
  // Finds out once what this machine is and can say; cheap enough for every command (no sampling).
  static std::shared_ptr<const HostPower> detect(const catalog::Catalog&);

  // Joules at the device of so much CPU time (user and system, of one or many threads), with the
  // busy cores' share of the package; thread-safe, microseconds.
  virtual Estimate<Energy> energy_of_cpu_time(Duration) const = 0;
  // Catalog name of the processor, or what the machine calls it.
  virtual const std::string& device() const = 0;
  virtual Method method() const = 0;
  virtual const std::vector<std::string>& sources() const = 0;
  // One sentence for people: "modelled: no counter can be read (no /sys/class/powercap)".
  virtual const std::string& explanation() const = 0;
};

}  // namespace wattline::meter
