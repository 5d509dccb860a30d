// How a driver's power reading follows the power: it is renewed at intervals, and each value is the mean over
// a window before the renewal (a boxcar). Trailing windows of a second lag behind; windows shorter than the
// interval (25 of 100 ms on A100 and H100) leave the rest of the time unseen.
// After Z. Yang, K. Adamek, W. Armour, Accurate and Convenient Energy Measurements for GPUs, SC24,
// arXiv:2312.02741: the window is the one whose boxcar of a known power fits the readings best.
#pragma once

#include <optional>
#include <vector>

#include "kernel/quantity.h"
#include "kernel/series.h"

namespace wattline::meter {

struct Renewal {
  Time at;  // between the last poll that saw the old value and the first that saw this
  double watts = 0;
};
// A value that did not change is renewed unseen. NaN readings are passed over.
std::vector<Renewal> renewals(const Series& readings);

// A load that is off and on by turns as a series of 0 and 1: off before the first edge, on after it.
Series square_load(const std::vector<Time>& edges, Time begin, Time end);

struct Boxcar {
  Duration window{0};
  Duration lag{0};  // how long before the renewal the window ends; negative: the stamps are late
  // readings = gain * mean of the reference over the window + offset
  double gain = 1, offset = 0;
  double loss = 1;  // mean squared error of that line by the variance of the readings: 0 perfect, 1 worthless
};
// The windows up to `longest` and lags from -20 ms to 40 ms (a period of the load away another would fit as well), best first, those within twice the least loss
// kept. `reference`: what is known of the power at the same times: a bench meter's, or square_load. Empty:
// fewer than 8 renewals inside it, or nothing varies.
std::vector<Boxcar> find_boxcars(const std::vector<Renewal>&, const Series& reference, Duration longest);

}  // namespace wattline::meter
