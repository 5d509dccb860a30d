// Machines that clouds rent (catalog file cloud_instances.csv) and what one hour of one takes, modelled:
//
//   P = vCPU * (idle + load * (full - idle)) + memory * w + accelerators * board power * share
//
// with the factors import.instance.vcpu_idle, .vcpu_full, .load, .gpu_power and physics.memory.power, and the board
// power of the catalog's device. The form is that of the Cloud Carbon Footprint tool; --load replaces its factor.
// Errors are the factors' own, so that those of a thousand rows stay shared.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/imports/reading.h"

namespace wattline::ledger::imports {

struct Instance {
  std::string provider, name;
  double vcpu = 0, memory_gib = 0, accelerators = 0;
  std::string device;  // of the accelerators; "" with accelerators > 0: none that the catalog has
};

class Instances {
 public:
  Instances(Reading&, std::string provider);
  // Case, punctuation and what services put before ("Standard_", "ml.", "db.") ignored; nullptr: not known.
  const Instance* find(std::string_view name) const;
  std::vector<std::string> nearest(std::string_view name) const;

  Estimate<Power> power(const Instance&);
  // Of its parts, for bills that list these.
  Estimate<Power> vcpu_power();
  Estimate<Power> memory_power(double gib);
  Estimate<Power> accelerator_power(const std::string& device);

 private:
  Reading& reading_;
  std::map<std::string, Instance> by_key_;
  std::map<std::string, Estimate<Power>> powers_;
};

}  // namespace wattline::ledger::imports
