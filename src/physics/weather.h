// Hourly weather from a user's file: EPW (EnergyPlus, TMY) or CSV. Pure: text in, hours out.
//
// CSV: a header line; a column of time, and dry bulb with humidity, or wet bulb, or all three; station
// pressure and IT load where they are there. Names and units: docs/formats/weather.md. A temperature
// column says its unit in its name or in brackets (_c, [°C], _f, [°F], _k, [K]); none: °C.
// What a row lacks is filled from the hours around it (6 at most in a row) and counted; longer gaps,
// figures that cannot be and rows out of order are Errors bad_input with file:line and column.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace wattline::physics {

struct WeatherHour {
  int month = 1;  // 1..12
  int day = 1, hour = 0;  // as the file's own clock tells
  double dry_celsius = 0;  // NaN: the file has wet bulbs alone
  double humidity_percent = 0;  // NaN likewise
  double wet_celsius = 0;  // NaN: to be computed from dry bulb and humidity
  double pascal = 0;  // NaN: not in the file
  double load = 1;  // of the machines, in any unit; 1 where the file has none
};

struct Weather {
  std::vector<WeatherHour> hours;
  bool has_wet_bulb = false, has_dry_bulb = false, has_pressure = false, has_load = false;
  std::size_t filled = 0;  // cells taken from the hours around
  std::size_t repeated = 0;  // clock times that come twice, as when daylight saving ends
  std::size_t skipped = 0;  // hours that the clock jumps over
  double altitude = 0;  // metres; NaN where the file does not tell
  std::string station;  // EPW: "Davis Monthan Afb, AZ, USA"
};

// `where` names the file in errors. At most 400,000 rows (45 years of hours).
Weather read_weather(std::string_view content, std::string_view where);

}  // namespace wattline::physics
