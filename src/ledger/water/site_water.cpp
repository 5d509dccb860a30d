#include "ledger/water/site_water.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/csv_cell.h"
#include "kernel/error.h"
#include "kernel/units.h"
#include "ledger/green_resolve.h"
#include "physics/weather.h"
#include "physics/wet_bulb.h"

namespace wattline::ledger {
namespace {

using physics::Cooling;

constexpr int days_in[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
constexpr double no_figure = NAN;

// Weighted sums on their way to means.
struct Sum {
  double weight = 0, dry = 0, wet = 0, on_site = 0, clamped = 0;
  void add(double w, double dry_celsius, double wet_celsius, const physics::OnSiteWater& water) {
    weight += w;
    dry += w * dry_celsius;
    wet += w * wet_celsius;
    on_site += w * water.litres_per_kwh;
    clamped += water.clamped ? w : 0;
  }
  WaterPeriod mean() const {
    if (!(weight > 0)) return {0, no_figure, no_figure, no_figure, 0};
    return {weight, dry / weight, wet / weight, on_site / weight, clamped / weight};
  }
};

bool asked(const WaterOptions& o, int month) { return !o.site.month || *o.site.month == month; }

// The station's pressure of an hour, from the file, the altitude given or told, else that of sea level.
double pressure(const WaterOptions& o, const physics::Weather& w, const physics::WeatherHour& h) {
  if (o.site.altitude) return physics::standard_pressure(*o.site.altitude);
  if (w.has_pressure) return h.pascal;
  return std::isnan(w.altitude) ? physics::sea_level_pressure : physics::standard_pressure(w.altitude);
}

void warn_of_file(SiteWater& out, const WaterOptions& o, const physics::Weather& w, std::size_t outside) {
  const auto say = [&](std::size_t n, const char* what) {
    if (n) out.warnings.push_back(fmt::format("{} {}", n, what));
  };
  say(w.filled, "missing cells of the weather were filled in from the hours around them");
  say(w.repeated, "hours come twice by the clock (end of daylight saving?); each row counts");
  say(w.skipped, "hours are left out by the clock (start of daylight saving, or gaps); they count as the mean");
  say(outside, "hours lie outside the range of Stull's formula (5 to 99 % humidity, -20 to 50 °C) and were held at it");
  double pascal = 0;
  for (const auto& h : w.hours) pascal += pressure(o, w, h);
  pascal /= static_cast<double>(w.hours.size());
  if (!w.has_wet_bulb && o.site.wet_bulb == WetBulbMethod::stull && pascal < 95000)
    out.warnings.push_back(
        fmt::format("the station lies high ({:.0f} hPa) and Stull's formula is of sea level: "
                    "--wet-bulb psychrometric takes the pressure into account",
                    pascal / 100));
  if (w.hours.size() < 24 * 360 && !o.site.month)
    out.warnings.push_back(
        fmt::format("the weather holds {} hours, less than a year: the mean is theirs", w.hours.size()));
}

}  // namespace

physics::CoolingWater cooling_of(const WaterCoolingOptions& o, const catalog::Catalog& catalog) {
  physics::CoolingWater out(catalog);
  if (o.switch_celsius) out.switch_celsius = *o.switch_celsius;
  return out;
}

SiteWater site_of_country(const catalog::WaterCountry& c, const WaterOptions& o, const physics::CoolingWater& cooling) {
  SiteWater out;
  out.name = c.name;
  out.climate = c.climate;
  out.country = &c;
  out.basis = fmt::format("monthly means of hours, {} to {}", c.from, c.to);
  out.peak = no_figure;
  Sum all;
  std::array<Sum, 5> each;
  for (int month = 1; month <= 12; ++month) {
    const auto& m = c.months[static_cast<std::size_t>(month - 1)];
    const double wet = physics::to_celsius(m.wet_bulb_fahrenheit);
    // The dataset's means of hours where it has them: the curves are no lines, so the mean of the weather
    // put through them is another figure.
    const auto of = [&](Cooling technology) -> physics::OnSiteWater {
      if (technology == Cooling::fixed_approach) return {m.fixed_approach, false};
      if (technology == Cooling::fixed_cold_water) return {m.fixed_cold_water, false};
      return cooling.at(technology, m.celsius, wet);
    };
    Sum one;
    const double weight = 24.0 * days_in[month - 1];
    one.add(weight, m.celsius, wet, of(o.cooling.cooling));
    out.months[static_cast<std::size_t>(month - 1)] = one.mean();
    if (!asked(o, month)) continue;
    all.add(weight, m.celsius, wet, of(o.cooling.cooling));
    for (std::size_t i = 0; i < each.size(); ++i) each[i].add(weight, m.celsius, wet, of(static_cast<Cooling>(i)));
  }
  out.all = all.mean();
  for (std::size_t i = 0; i < each.size(); ++i) out.by_cooling[i] = each[i].mean().on_site;
  if (o.cooling.cooling == Cooling::adiabatic)
    out.warnings.push_back("means of months hide the hours above the switch temperature: give --weather for them");
  if (o.cooling.cooling == Cooling::us_tower)
    out.warnings.push_back("the older US model stands on the means of months, which a curve is not made for");
  if (!c.note.empty()) out.warnings.push_back(fmt::format("{}: {}", c.name, c.note));
  return out;
}

SiteWater site_of_file(const WaterOptions& o, const physics::CoolingWater& cooling) {
  const physics::Weather w = physics::read_weather(o.site.weather.read(64u << 20), o.site.weather.name());
  if (o.cooling.cooling == Cooling::adiabatic && !w.has_dry_bulb)
    throw bad_input("the weather has wet bulbs alone; adiabatic cooling needs the dry bulb", o.site.weather.name(),
                    "add a column 'temperature [°C]'");
  SiteWater out;
  out.name = w.station.empty() ? o.site.weather.name() : w.station;
  out.basis = fmt::format("{} hours of {}", w.hours.size(), o.site.weather.name());
  out.peak = -1;
  std::array<Sum, 12> months;
  std::array<Sum, 24> hours;
  std::array<Sum, 5> each;
  Sum all;
  std::size_t outside = 0;
  for (const auto& h : w.hours) {
    double wet = h.wet_celsius;
    if (std::isnan(wet)) {
      const auto computed = o.site.wet_bulb == WetBulbMethod::stull
                                ? physics::wet_bulb_stull(h.dry_celsius, h.humidity_percent)
                                : physics::wet_bulb_psychrometric(h.dry_celsius, h.humidity_percent, pressure(o, w, h));
      wet = computed.celsius;
      outside += computed.clamped;
    }
    const auto water = cooling.at(o.cooling.cooling, h.dry_celsius, wet);
    months[static_cast<std::size_t>(h.month - 1)].add(h.load, h.dry_celsius, wet, water);
    if (!asked(o, h.month)) continue;
    hours[static_cast<std::size_t>(h.hour)].add(h.load, h.dry_celsius, wet, water);
    all.add(h.load, h.dry_celsius, wet, water);
    for (std::size_t i = 0; i < each.size(); ++i)
      if (static_cast<Cooling>(i) != Cooling::adiabatic || w.has_dry_bulb)
        each[i].add(h.load, h.dry_celsius, wet, cooling.at(static_cast<Cooling>(i), h.dry_celsius, wet));
    if (water.litres_per_kwh > out.peak) {
      out.peak = water.litres_per_kwh;
      out.peak_when = fmt::format("{:02}-{:02} {:02}:00", h.month, h.day, h.hour);
    }
  }
  if (!(all.weight > 0))
    throw bad_input(o.site.month && months[static_cast<std::size_t>(*o.site.month - 1)].weight <= 0
                        ? fmt::format("the weather has no hour of month {}, or no load in it", *o.site.month)
                        : std::string("the load is 0 in every hour"),
                    o.site.weather.name());
  std::transform(months.begin(), months.end(), out.months.begin(), [](const Sum& s) { return s.mean(); });
  for (const auto& s : hours) out.hours.push_back(s.mean());
  out.all = all.mean();
  for (std::size_t i = 0; i < each.size(); ++i) out.by_cooling[i] = each[i].mean().on_site;
  warn_of_file(out, o, w, outside);
  return out;
}

std::map<std::string, double> named_numbers(const std::vector<std::string>& words, const std::string& where) {
  std::map<std::string, double> out;
  for (const auto& text : words)
    for (std::size_t at = 0; at <= text.size();) {
      const std::size_t comma = std::min(text.find(',', at), text.size());
      const std::string_view word = csv::trimmed(std::string_view(text).substr(at, comma - at));
      at = comma + 1;
      if (word.empty()) continue;
      const auto equals = word.find('=');
      double value = 0;
      if (equals == std::string_view::npos || !csv::take_number(csv::trimmed(word.substr(equals + 1)), value) ||
          !(value >= 0) || !std::isfinite(value))
        throw bad_input(
            fmt::format("'{}' found; a name, '=' and a number of 0 or more are allowed", word.substr(0, 60)), where,
            "for example 'hydro=60,gas=40'");
      const std::string name(csv::trimmed(word.substr(0, equals)));
      const auto& known = physics::mix_fuels();
      if (std::find(known.begin(), known.end(), name) == known.end()) throw unknown_name("fuel", name, known).at(where);
      if (!out.emplace(name, value).second) throw bad_input(fmt::format("'{}' is there twice", name), where);
    }
  return out;
}

Estimate<WaterIntensity> with_spread(double litres_per_kwh, const char* factor, const std::string& source,
                                     const catalog::Catalog& catalog) {
  return within_factor(litres_per_kwh * units::L_per_kWh, catalog.factor(factor).value, factor, source);
}

}  // namespace wattline::ledger
