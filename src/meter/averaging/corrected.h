// The energy that a driver's averaged power readings stand for, and how sure it is. What the trapezoid over
// the readings leaves out (arXiv:2312.02741):
//   lag       a trailing window of a second tells of the second before: the readings a window apart are
//             chained back from the end, and what the first of them saw before the beginning is taken off
//   holes     windows shorter than the renewal see a part of the time. Where the load's edges are known
//             (kernels time their own work), its two levels are fitted through the windows; otherwise what
//             was not seen widens the interval, and loads that repeat with the renewal can deceive it
//   gain      true = gain * reading + offset, from a calibration beside another meter where there is one
#pragma once

#include <string>
#include <vector>

#include "kernel/estimate.h"
#include "kernel/series.h"
#include "meter/averaging/boxcar.h"

namespace wattline::meter {

struct Averaging {
  Duration renewal{0};  // 0: found from the readings
  Duration window{0};  // of the mean; 0: an instant
};

// true = gain * reading + offset.
struct Calibration {
  Estimate<Ratio> gain = Estimate<Ratio>::exact(1);
  Estimate<Power> offset = Estimate<Power>::exact(Power(0));
};
// From readings beside another meter's power at the same clock: a straight line through the renewals, the
// reference averaged as the readings are. The uncertainty is that of the line; that another card or day may
// differ is for the caller to add. Nothing: too few renewals, or the power did not vary.
std::optional<Calibration> calibrate(const Series& readings, const Series& reference, const Averaging&);

struct CorrectedEnergy {
  double readings_joules = 0;  // the trapezoid over the readings, as it was
  Duration covered{0}, missing{0};
  Estimate<Energy> energy;
  Duration renewal{0};
  std::optional<Boxcar> boxcar;  // where edges were given: what fits best
  std::string
      how;  // "readings 1 s apart chained", "two levels fitted through 153 edges", "each reading until its renewal"
};
// Of [begin, end]. `edges`: instants at which the load went on (first, third ...) and off; used where at least
// ten of them lie inside and the window is shorter than the renewal. Gaps longer than `gap_factor` median
// steps are left out, as in integrate().
CorrectedEnergy corrected_energy(const Series& readings, Time begin, Time end, const Averaging&,
                                 const Calibration& = {}, const std::vector<Time>& edges = {}, double gap_factor = 30);

}  // namespace wattline::meter
