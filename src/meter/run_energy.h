// What a command's run cost, component by component: what the machine's counters and sensors saw of it,
// and the model for what none of them covers.
#pragma once

#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "meter/child.h"
#include "meter/host.h"
#include "meter/phases/phase_energy.h"
#include "meter/recorder.h"

namespace wattline::meter {

struct RunEnergy {
  ChildOutcome outcome;
  std::vector<ComponentEnergy> components;  // counted ones first
  Estimate<Energy> total;  // of the counted ones
  double modelled_share = 0;  // of the total, 0..1: what no meter read
  Duration missing{0};  // the longest for which a counted component was not read
  // Each component's over the time that is known of it. Peak: of the components' sum; absent when it was not seen.
  std::optional<Estimate<Power>> mean;
  std::optional<Power> peak;
  std::optional<double> share_of_busy;  // the command's part of the machine's busy CPU time
  bool cpu_measured = false;
  std::string device;  // the processor
  PhaseReport phases;  // empty when the command marked none
  std::vector<FactorUse> factors;
  std::vector<std::string> warnings;
};

struct RunSettings {
  std::optional<Duration> interval;  // of reading; absent: 0.1 s with counters, 1 s without
  std::optional<Duration> idle_before;  // measure the idle machine for so long first and subtract it
  Roots roots;
  bool any_sources = true;  // false: the model alone
  bool recorded = false;  // will be a fact of the account: runs inside it are none (run_nesting.h)
  bool phase_signal = false;  // SIGUSR1 sent to us begins the next phase
};

// Runs the command and meters it. Errors as run_child's.
RunEnergy run_metered(const std::vector<std::string>& command, const RunSettings&, const catalog::Catalog&);

}  // namespace wattline::meter
