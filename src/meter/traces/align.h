// Lays another meter's record over a trace: by how much its clock differs, whether it drifts, and the straight
// line between the two. `wattline meter align`.
#pragma once

#include <optional>

#include "kernel/capability.h"
#include "meter/averaging/corrected.h"

namespace wattline::meter {

struct ClockFit {
  Duration zone{0};  // whole quarter hours to be added to the other's times: a time zone, or 0
  Duration lag{0};  // to be added besides
  Duration lag_error{0};  // 95 %
  double drift = 0;  // of the other's clock against the trace's, s/s; positive: it runs slow
  double drift_error = 0;  // 95 %; infinite when the record is too short to tell
  double correlation = 0;  // -1..1, at the best lag
  double next_best = 0;  // the highest correlation at a lag that is another place: near the best, it is a guess
  Duration overlap{0};
  Duration total() const { return zone + lag; }
  bool sure() const { return correlation > 0.7 && correlation - next_best > 0.02; }
};
// By cross-correlation at all lags up to `most`, then finer around the best; the parts of the record tell
// error and drift. Error bad_input: one of them has no values, or they have nothing in common.
ClockFit fit_clock(const Series& trace, const Series& other, Duration most = Duration(15 * 3600));

Series shifted(const Series&, Duration);

Capability align_capability();

}  // namespace wattline::meter
