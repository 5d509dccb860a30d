// What the two readers of weather files share; for weather*.cpp alone.
#pragma once

#include <string_view>
#include <vector>

#include "physics/weather.h"

namespace wattline::physics {

inline constexpr std::size_t most_weather_rows = 400'000;

// Gaps (NaN) of up to 6 hours are filled by a straight line between their ends; at the ends of the file by
// the nearest. Longer ones are an Error. `lines`: of each hour in the file.
void fill_gaps(Weather&, double WeatherHour::*of, const char* name, const std::vector<std::size_t>& lines,
               std::string_view where);

Weather read_epw(std::string_view content, std::string_view where);

}  // namespace wattline::physics
