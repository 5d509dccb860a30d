#include "ledger/water/water_tables.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/units.h"

namespace wattline::ledger {
namespace {

constexpr const char* month_names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void period_columns(Table& t) {
  t.number("dry_bulb", "", "°C").number("wet_bulb", "", "°C");
  t.number("on_site", "L/kWh", "evaporated, per energy of the machines");
  t.number("off_site", "L/kWh", "PUE times that of the electricity");
  t.number("total", "L/kWh");
}
std::vector<Table::Cell> period_cells(Table::Cell label, const WaterPeriod& p, double behind) {
  return {std::move(label), p.dry_celsius, p.wet_celsius, p.on_site, behind, p.on_site + behind};
}

}  // namespace

Table months_table(const SiteWater& site, double behind) {
  Table t("water.months.v1");
  t.title = "By month";
  t.caption = "temperatures in °C; means weighted by the load where the weather has one";
  t.text("month");
  period_columns(t);
  for (std::size_t i = 0; i < 12; ++i)
    if (site.months[i].weight > 0) t.add_row(period_cells(std::string(month_names[i]), site.months[i], behind));
  t.add_row(period_cells(std::string("mean"), site.all, behind));
  return t;
}

Figure months_figure(const SiteWater& site) {
  Figure f;
  f.kind = Figure::Kind::bar;
  f.title = "Evaporated on site per energy of the machines";
  f.y = {"water", "L/kWh"};
  Figure::Trace on;
  on.name = "on site";
  for (std::size_t i = 0; i < 12; ++i) {
    if (!(site.months[i].weight > 0)) continue;
    on.x.push_back(static_cast<double>(f.categories.size()));
    on.y.push_back(site.months[i].on_site);
    f.categories.emplace_back(month_names[i]);
  }
  f.traces = {std::move(on)};
  return f;
}

Table hours_table(const SiteWater& site, double behind) {
  Table t("water.hours.v1");
  t.title = "By hour of the day";
  t.caption = "by the clock of the weather file; temperatures in °C";
  t.integer("hour");
  period_columns(t);
  for (std::size_t i = 0; i < site.hours.size(); ++i)
    if (site.hours[i].weight > 0) t.add_row(period_cells(static_cast<std::int64_t>(i), site.hours[i], behind));
  return t;
}

std::string best_times(const SiteWater& site, double behind) {
  const auto less = [](const WaterPeriod& a, const WaterPeriod& b) {
    if (!(a.weight > 0) || !(b.weight > 0)) return a.weight > 0;
    return a.on_site < b.on_site;
  };
  const auto more = [](const WaterPeriod& a, const WaterPeriod& b) {
    if (!(a.weight > 0) || !(b.weight > 0)) return a.weight > 0;
    return a.on_site > b.on_site;
  };
  const auto text = [&](const WaterPeriod& p) { return format_number(p.on_site + behind, 3) + " L/kWh"; };
  const auto best = std::min_element(site.months.begin(), site.months.end(), less);
  const auto worst = std::min_element(site.months.begin(), site.months.end(), more);
  std::string out;
  if (best->on_site == worst->on_site) out = "Every month takes the same.";
  else
    out = fmt::format("Least in {} ({}), most in {} ({}).", month_names[best - site.months.begin()], text(*best),
                      month_names[worst - site.months.begin()], text(*worst));
  if (site.hours.empty()) return out;
  const auto early = std::min_element(site.hours.begin(), site.hours.end(), less);
  const auto late = std::min_element(site.hours.begin(), site.hours.end(), more);
  if (early->on_site == late->on_site) return out;
  out += fmt::format(" By the day: least at {:02}:00 ({}), most at {:02}:00 ({}).", early - site.hours.begin(),
                     text(*early), late - site.hours.begin(), text(*late));
  if (site.peak > 0)
    out += fmt::format(" The hour of most water on site: {}, {} L/kWh.", site.peak_when, format_number(site.peak, 3));
  return out;
}

Table cooling_table(const SiteWater& site, double behind, physics::Cooling chosen) {
  Table t("water.cooling.v1");
  t.title = "The same weather through other cooling";
  t.caption = "the same PUE, which it will not be: air and closed loops take more energy, and so more water off site";
  t.text("cooling").number("on_site", "L/kWh").number("total", "L/kWh").number("ratio", "", "to the one chosen");
  const double here = site.all.on_site + behind;
  for (std::size_t i = 0; i < site.by_cooling.size(); ++i) {
    const double water = site.by_cooling[i];
    if (std::isnan(water)) continue;
    t.add_row({physics::cooling_names()[i] + (static_cast<physics::Cooling>(i) == chosen ? " *" : ""), water,
               water + behind, here > 0 ? (water + behind) / here : NAN});
  }
  return t;
}

Table fuel_sets_table(const physics::GenerationMix& mix, const WaterOptions& o, const catalog::Catalog& catalog) {
  using physics::FuelSet;
  using physics::HydroRule;
  Table t("water.fuels.v1");
  t.title = "The same electricity by other figures of fuels";
  t.caption = "the spread of these is the honest uncertainty of water off site";
  t.text("fuels").text("hydro").number("off_site", "L/kWh", "per electricity");
  const auto own = named_numbers(o.power.fuel_water, "fuel-water");
  struct Way {
    FuelSet fuels;
    HydroRule hydro;
    const char *name, *rule;
  };
  static constexpr Way ways[] = {{FuelSet::paper, HydroRule::set, "paper", "all evaporation"},
                                 {FuelSet::pv, HydroRule::set, "pv", "all evaporation"},
                                 {FuelSet::pv, HydroRule::none, "pv", "none"},
                                 {FuelSet::us, HydroRule::set, "us", "none"}};
  for (const auto& w : ways)
    t.add_row({std::string(w.name), std::string(w.rule),
               physics::off_site_water(mix, w.fuels, w.hydro, own, catalog).litres_per_kwh});
  return t;
}

}  // namespace wattline::ledger
