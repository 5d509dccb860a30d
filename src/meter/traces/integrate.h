// The energy of a recorded trace: what `wattline meter integrate` says.
#pragma once

#include <optional>

#include "kernel/capability.h"
#include "kernel/estimate.h"
#include "meter/averaging/corrected.h"
#include "meter/traces/power_trace.h"

namespace wattline::meter {

struct ChannelEnergy {
  double readings_joules = 0;  // the plain sum: trapezoid, or mean power times the time since the row before
  Estimate<Energy> energy;  // corrected for averaging, gain and offset where these are known
  Duration covered{0}, missing{0}, step{0};  // step: median
  std::size_t samples = 0, gaps = 0;
  std::optional<Power> mean, peak;
  std::string how;  // of the correction, "" none
};
struct TraceCorrection {
  Averaging averaging;
  Calibration calibration;
  std::vector<Time> edges;
};
// Steps over three periods (of the rows, or of the renewals of the value where that is longer) are gaps, and
// nothing is put in their place. No begin or end: the trace's own.
ChannelEnergy channel_energy(const TraceChannel&, std::optional<Time> begin, std::optional<Time> end,
                             const TraceCorrection& = {});

// The averaging that NVIDIA's drivers are known for, by the board's name: 25 of 100 ms on GA100 and H100, a
// trailing second on others since Ampere; nothing for boards that are not known.
Averaging usual_averaging(std::string_view device);

// Of the components that are counted together, at the instants of the one with most rows.
Series total_power(const PowerTrace&);

Capability integrate_capability();

}  // namespace wattline::meter
