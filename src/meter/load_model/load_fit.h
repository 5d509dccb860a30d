// A curve of power by load fitted to what was recorded, and how far off it is where it has not looked.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "physics/load_curves.h"

namespace wattline::meter {

struct LoadPoint {
  double load = 0;  // 0..1 of all threads
  double watts = 0;  // of all packages together
  physics::LoadKind kind = physics::LoadKind::unknown;
};
// From a table of steady steps (columns load or cpu_load in %; energy and duration, else power; load_type where
// there is one: all_cores or spread, some_cores or packed), or from a power trace with a load. Where a step's
// energy is told it is taken before its power, which some tools tell one step late. Error bad_input: no load.
std::vector<LoadPoint> read_load_points(std::string_view content, std::string_view where, physics::LoadKind if_unknown);

struct LoadFit {
  physics::LoadKind kind = physics::LoadKind::spread;
  std::array<double, physics::curve_points> watts{};
  std::size_t points = 0;
  double error = 0;  // mean relative error of points left out of the fit, a tenth of the loads at a time
  double error_95 = 0;  // 95 % of them are within this
  std::optional<double> across;  // mean relative error on points of the other kind
};
// Least squares of straight lines between loads of 0, 10 ... 100 %, lightly smoothed. One fit a kind that is
// there. Error bad_input: the loads do not reach from 15 % or less to 85 % or more, or the power does not rise.
std::vector<LoadFit> fit_load_curves(const std::vector<LoadPoint>&, std::string_view where);

}  // namespace wattline::meter
