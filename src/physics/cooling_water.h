// Water that cooling evaporates on site per energy of the machines, by technology and weather, and
// water behind electricity by generation mix. Pure: no input or output.
//
//   Tower, wet bulb T in °F (arXiv 2405.17469; 2412.03716): WUE = square T^2 + linear T + constant
//   Older US model (arXiv 2304.03271):  WUE = S/(S-1) (6e-5 T^3 - 0.01 T^2 + 0.61 T - 10.4), 0.05 at least
//   Adiabatic (evaporative pads, ours):  the hall's air is cooled from dry bulb to the switch temperature,
//     at most by the pads' effectiveness towards the wet bulb; what that evaporates is sensible heat over
//     latent heat:  WUE = drop / air_rise * 3600 / h_fg    [L/kWh], h_fg = 2501 - 2.326 Tw kJ/kg
//   Air, closed loop:  0
// Coefficients are catalog factors (water.curve.*, water.adiabatic.*).
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "physics/generation_mix.h"

namespace wattline::physics {

enum class Cooling { fixed_approach, fixed_cold_water, us_tower, adiabatic, air };
const std::vector<std::string>& cooling_names();  // "tower-fixed-approach" ... in the enum's order

struct OnSiteWater {
  double litres_per_kwh = 0;  // evaporated, per kWh of the machines
  bool clamped = false;  // the weather lies outside the curve, which was held at its end
};

// WUE = cubic T^3 + square T^2 + linear T + constant, times `scale`, at least `floor`; T °F within low..high.
struct TowerCurve {
  double cubic = 0, square = 0, linear = 0, constant = 0, scale = 1, floor = 0, low = 0, high = 0;
  OnSiteWater at(double wet_bulb_fahrenheit) const;
};

class CoolingWater {
 public:
  explicit CoolingWater(const catalog::Catalog&);

  // Weather in °C. Adiabatic needs the dry bulb, towers the wet bulb; what is not needed may be NaN.
  OnSiteWater at(Cooling, double dry_celsius, double wet_celsius) const;
  const TowerCurve& curve(Cooling) const;  // of the three towers

  double switch_celsius = 0;  // adiabatic: up to here outside air cools alone
  double air_rise = 0, effectiveness = 0;

  // The factors that this technology rests on.
  std::vector<FactorUse> factors(Cooling, const catalog::Catalog&) const;

 private:
  std::array<TowerCurve, 3> curves_;
};

// "biofuel" and "unidentified" are in neither sum of water.
bool is_left_out(std::string_view fuel);

enum class FuelSet { paper, pv, us };
enum class HydroRule { set, none, run_of_river };

struct OffSiteWater {
  double litres_per_kwh = 0;
  double identified = 0;  // share of the generation that the figure rests on
  std::map<std::string, double> by_fuel;  // L/kWh of the mix that each fuel contributes; they add up
  std::vector<FactorUse> factors;
};
// sum e_k w_k / sum e_k over identified fuels (arXiv 2412.03716). `own`: L/kWh instead of the set's. Error
// bad_input: an unknown fuel, a negative amount, or nothing identified.
OffSiteWater off_site_water(const GenerationMix&, FuelSet, HydroRule, const std::map<std::string, double>& own,
                            const catalog::Catalog&);

}  // namespace wattline::physics
