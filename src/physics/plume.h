// Screening of a plume from a stack: the Gaussian model on flat ground. Pure: no input or output.
//
//   C(x, y, z) = Q / (2 pi u sy sz) exp(-y^2 / 2 sy^2) [exp(-(z-H)^2 / 2 sz^2) + exp(-(z+H)^2 / 2 sz^2)]
//
// sy and sz are Briggs' curves by stability class (A very unstable .. F stable), open country or town: rows
// of the catalog's air_plume.csv, s = a x (1 + b x)^p. The plume does not rise above the stack and nothing
// stands in its way, so that ground level is on the safe side of calm terrain and on neither of buildings.
#pragma once

#include <string>
#include <vector>

#include "catalog/catalog.h"

namespace wattline::physics {

enum class Terrain { rural, urban };

struct Spread {
  double a = 0, b = 0, power = 0;
  double at(double metres) const;
};

struct PlumePoint {
  double metres = 0, micrograms_per_m3 = 0;
};

class Plume {
 public:
  // `stability` 'A'..'F'. Error bad_input for another.
  Plume(const catalog::Catalog&, Terrain, char stability);

  // g/m3 at x downwind, y across, z up (m) of `grams_per_second` from `height`, wind in m/s (over 0).
  double concentration(double grams_per_second, double wind, double height, double x, double y, double z) const;
  // Where on the ground under the axis it is highest, from 10 m to 20 km, and how much.
  PlumePoint highest(double grams_per_second, double wind, double height) const;

  Spread across, up;
  FactorUse factor;
};

// NO2 of emitted NOx (as NO2, any unit): the share emitted as such, and by ozone what there is of it
// (ozone-limited method): share * NOx + min((1 - share) NOx, ozone * 46 / 48).
double nitrogen_dioxide(double nox, double share, double ozone);

}  // namespace wattline::physics
