// What this machine is: its processor, how many threads and cores, whether it is a virtual one, and what
// the catalog knows of it. The base of everything that is modelled.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "kernel/estimate.h"
#include "kernel/result.h"
#include "meter/roots.h"
#include "physics/processor_power.h"

namespace wattline::meter {

struct Host {
  std::string cpu;  // as the kernel says it, "" unknown
  int threads = 1;  // hardware threads online, all packages
  int cores = 1;  // physical cores, all packages; in a virtual machine what it is told
  int packages = 1;
  bool virtual_machine = false;
  std::optional<Bytes> memory;
};
Host read_host(const Roots&);

// The model of the host's processor.
class HostModel {
 public:
  HostModel(Host, const catalog::Catalog&);

  const Host& host() const { return host_; }
  const std::string& device() const { return device_; }  // catalog name, else what the machine calls it
  bool known() const { return known_; }  // a row of the catalog
  const std::vector<FactorUse>& factors() const { return factors_; }
  // "modelled from 16 cores of an unknown processor ...": one sentence, without a full stop.
  const std::string& explanation() const { return explanation_; }

  // Of CPU time spent with `busy` threads running at once (1 when unknown), their share of the idle
  // power included. Two threads on one core share it: a second of a thread is between half a second of a
  // core and a whole one.
  Estimate<Energy> energy_of_cpu_time(Duration cpu_time, double busy = 1) const;
  // All packages together.
  Estimate<Power> idle() const;
  Estimate<Power> full() const;
  // At a load of 0..1 of all threads.
  Estimate<Power> at(double load, physics::LoadKind = physics::LoadKind::unknown) const;
  // The design power (TDP) of all packages; nothing where the processor is not known.
  std::optional<Power> design_power() const { return design_power_; }
  // Why a mean power read over so long cannot be that of the packages: far above what such parts draw, their cores
  // counted twice, or next to nothing at a `load` (0..1 of all threads; absent: not known). Nothing when it can be, when
  // it is too short to tell, or when the processor is not known.
  std::optional<std::string> doubt(Power mean, Duration span, std::optional<double> load = {}) const;

 private:
  Host host_;
  std::string device_, explanation_;
  bool known_ = false;
  std::optional<Power> design_power_;
  double most_of_design_power_ = 0, burst_of_design_power_ = 0, least_of_design_power_ = 0;  // shares of it
  physics::ProcessorPower power_;  // of one package
  Estimate<Ratio> scale_ = Estimate<Ratio>::exact(1);  // how sure the processor itself is
  std::vector<FactorUse> factors_;
};

}  // namespace wattline::meter
