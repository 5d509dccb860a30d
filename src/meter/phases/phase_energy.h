// What each phase of a run cost: the run's energy shared out over its timeline, so that the phases and what is outside
// of them add up to the run's total exactly.
//
// Within a component the joules of a phase are the part of its power curve that lies in the phase's own time. Its
// interval is the component's, and what may lie on the wrong side of each border: the component's power over the time
// between its readings there, or the step of its counter, uniformly (variance step^2 / 12 a border).
#pragma once

#include <string>
#include <vector>

#include "kernel/estimate.h"
#include "kernel/series.h"
#include "kernel/table.h"
#include "meter/phases/phase_timeline.h"
#include "meter/recorder.h"

namespace wattline::meter {

struct PhaseEnergy {
  std::string name;  // "" of what is outside of any phase
  std::size_t times = 0;
  Duration own{0}, open{0};
  Estimate<Energy> energy;  // of its own time
  Energy open_energy{0};  // of all time in which it was open, that of phases inside it included
  Duration cpu{0};  // in its own time, of the command and its descendants
  bool estimate = false;  // shorter than what the readings can tell apart
};

struct PhaseReport {
  std::vector<PhaseEnergy> phases;  // the last: outside
  bool overlap = false;
  std::vector<std::string> warnings;
  bool any() const { return phases.size() > 1; }
};

struct PhasedComponent {
  const ComponentEnergy* component = nullptr;
  Energy idle{0};  // subtracted from its energy, evenly over time
};

// `cpu`: CPU seconds over time, a total that only rises (may be empty); `cpu_time`: what it comes to.
PhaseReport phase_energies(const PhaseTimeline&, const std::vector<PhasedComponent>& counted, const Series& cpu,
                           Duration cpu_time, Time begin, Time end);

// The table run.phases.v1 (docs/formats/run-phases.md).
Table phases_table(const PhaseReport&);
// "train 77 %, load 21 %, outside 2 %": the energies, for a label of the account.
std::string phases_label(const PhaseReport&);

}  // namespace wattline::meter
