#include "physics/wet_bulb.h"

#include <algorithm>
#include <cmath>

namespace wattline::physics {
namespace {

// Pa, over water.
double saturation_pressure(double celsius) { return 610.94 * std::exp(17.625 * celsius / (celsius + 243.04)); }

// kg of vapour in a kg of dry air. Where the vapour alone would exceed the pressure there is no such air.
double humidity_ratio(double vapour, double pascal) {
  return 0.621945 * vapour / std::max(pascal - vapour, 1e-3 * pascal);
}

// What air of `celsius` holds when its wet bulb is `wet`.
double ratio_at(double celsius, double wet, double pascal) {
  const double saturated = humidity_ratio(saturation_pressure(wet), pascal);
  return ((2501 - 2.326 * wet) * saturated - 1.006 * (celsius - wet)) / (2501 + 1.86 * celsius - 4.186 * wet);
}

}  // namespace

WetBulb wet_bulb_stull(double celsius, double humidity_percent) {
  const double t = std::clamp(celsius, -20.0, 50.0), rh = std::clamp(humidity_percent, 5.0, 99.0);
  const double wet = t * std::atan(0.152 * std::sqrt(rh + 8.313659)) + std::atan(t + rh) - std::atan(rh - 1.676331) +
                     0.00391838 * std::pow(rh, 1.5) * std::atan(0.023101 * rh) - 4.686035;
  return {wet, t != celsius || rh != humidity_percent};
}

WetBulb wet_bulb_psychrometric(double celsius, double humidity_percent, double pascal) {
  const double rh = std::clamp(humidity_percent, 0.0, 100.0);
  if (std::isnan(celsius) || std::isnan(rh) || std::isnan(pascal)) return {NAN, false};
  const double held = humidity_ratio(rh / 100 * saturation_pressure(celsius), pascal);
  // The ratio grows with the wet bulb, so halving finds it; 60 K below is more than dry air reaches.
  double low = celsius - 60, high = celsius;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (ratio_at(celsius, middle, pascal) < held ? low : high) = middle;
  }
  return {high, rh != humidity_percent};
}

double humidity_of(double celsius, double wet_bulb_celsius, double pascal) {
  const double ratio = std::max(ratio_at(celsius, std::min(wet_bulb_celsius, celsius), pascal), 0.0);
  const double vapour = pascal * ratio / (0.621945 + ratio);
  return std::clamp(100 * vapour / saturation_pressure(celsius), 0.0, 100.0);
}

double standard_pressure(double metres) {
  return sea_level_pressure * std::pow(std::max(1 - 2.25577e-5 * metres, 0.0), 5.25588);
}

}  // namespace wattline::physics
