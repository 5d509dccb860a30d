#include "physics/cooling_water.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/units.h"
#include "physics/wet_bulb.h"

namespace wattline::physics {
namespace {

constexpr const char* curve_ids[] = {"water.curve.fixed_approach", "water.curve.fixed_cold_water", "water.curve.us"};
constexpr const char* set_ids[] = {"paper", "pv", "us"};

// Litres per kWh of a factor in any unit of water per energy.
double litres_per_kwh(const catalog::Factor& f) { return f.value * parse_unit(f.unit).scale / units::L_per_kWh.base(); }

const catalog::Factor* find(const catalog::Catalog& catalog, const std::string& id) {
  const auto& all = catalog.factors();
  const auto it = std::find_if(all.begin(), all.end(), [&](const auto& f) { return f.id == id; });
  return it == all.end() ? nullptr : &*it;
}

// The set's own row; "pv" changes solar alone and has the paper's others.
const catalog::Factor& fuel_factor(const catalog::Catalog& catalog, const std::string& fuel, FuelSet set,
                                   HydroRule hydro) {
  if (fuel == "hydro" && hydro != HydroRule::set)
    return catalog.factor(hydro == HydroRule::none ? "water.fuel.hydro.none" : "water.fuel.hydro.run_of_river");
  const auto id = [&](FuelSet s) { return fmt::format("water.fuel.{}.{}", set_ids[static_cast<int>(s)], fuel); };
  if (set == FuelSet::pv && !find(catalog, id(set))) set = FuelSet::paper;
  return catalog.factor(id(set));
}

}  // namespace

const std::vector<std::string>& cooling_names() {
  static const std::vector<std::string> names = {"tower-fixed-approach", "tower-fixed-cold-water", "tower-us-model",
                                                 "adiabatic", "air"};
  return names;
}

OnSiteWater TowerCurve::at(double fahrenheit) const {
  const double t = std::clamp(fahrenheit, low, high);
  const double water = scale * (((cubic * t + square) * t + linear) * t + constant);
  return {std::isnan(fahrenheit) ? NAN : std::max(water, floor), t != fahrenheit};
}

CoolingWater::CoolingWater(const catalog::Catalog& catalog) {
  for (std::size_t i = 0; i < curves_.size(); ++i) {
    TowerCurve& c = curves_[i];
    const auto value = [&](const char* name) {
      const auto* f = find(catalog, fmt::format("{}.{}", curve_ids[i], name));
      return f ? f->value : 0;
    };
    c = {value("cubic"), value("square"), value("linear"), value("constant")};
    c.floor = value("floor");
    if (const double cycles = value("cycles"); cycles > 1) c.scale = cycles / (cycles - 1);
    c.low = catalog.factor("water.curve.low").value;
    c.high = catalog.factor("water.curve.high").value;
  }
  switch_celsius = catalog.factor("water.adiabatic.switch").value;
  air_rise = catalog.factor("water.adiabatic.air_rise").value;
  effectiveness = catalog.factor("water.adiabatic.effectiveness").value;
}

const TowerCurve& CoolingWater::curve(Cooling c) const {
  assert(static_cast<std::size_t>(c) < curves_.size());
  return curves_[static_cast<std::size_t>(c)];
}

OnSiteWater CoolingWater::at(Cooling cooling, double dry, double wet) const {
  if (cooling == Cooling::air) return {};
  if (cooling != Cooling::adiabatic) return curve(cooling).at(to_fahrenheit(wet));
  if (std::isnan(dry) || std::isnan(wet)) return {NAN, false};
  const double wanted = std::max(dry - switch_celsius, 0.0);
  const double reached = std::min(wanted, effectiveness * std::max(dry - wet, 0.0));
  // Clamped: the pads do not reach the switch temperature, and the hall gets warmer.
  return {reached / air_rise * 3600 / (2501 - 2.326 * wet), reached < wanted - 1e-9};
}

std::vector<FactorUse> CoolingWater::factors(Cooling cooling, const catalog::Catalog& catalog) const {
  std::string prefix;
  if (cooling == Cooling::air) return {};
  prefix = cooling == Cooling::adiabatic ? "water.adiabatic" : curve_ids[static_cast<int>(cooling)];
  std::vector<FactorUse> out;
  for (const auto& f : catalog.factors())
    if (f.id.starts_with(prefix + ".")) out.push_back(f.use());
  return out;
}

bool is_left_out(std::string_view fuel) { return fuel == "biofuel" || fuel == "unidentified"; }

OffSiteWater off_site_water(const GenerationMix& mix, FuelSet set, HydroRule hydro,
                            const std::map<std::string, double>& own, const catalog::Catalog& catalog) {
  const double all = checked_total(mix);
  double identified = 0;
  for (const auto& [fuel, amount] : mix)
    if (!is_left_out(fuel)) identified += amount;
  if (!(identified > 0))
    throw bad_input("the generation mix has no amount of an identified fuel", "mix",
                    "give for example 'hydro=60,gas=30,solar=10' in any one unit");
  OffSiteWater out;
  out.identified = identified / all;
  for (const auto& [fuel, amount] : mix) {
    if (is_left_out(fuel) || amount == 0) continue;
    double water = 0;
    if (const auto given = own.find(fuel); given != own.end()) {
      water = given->second;
      out.factors.push_back({"given.fuel-water." + fuel, "water per electricity from " + fuel + ", given",
                             format_number(water, 6) + " L/kWh", "given with --fuel-water", "", ""});
    } else {
      const catalog::Factor& f = fuel_factor(catalog, fuel, set, hydro);
      water = litres_per_kwh(f);
      out.factors.push_back(f.use());
    }
    out.by_fuel[fuel] = amount / identified * water;
    out.litres_per_kwh += out.by_fuel[fuel];
  }
  return out;
}

}  // namespace wattline::physics
