#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/csv_cell.h"
#include "kernel/error.h"
#include "physics/weather_parts.h"

namespace wattline::physics {
namespace {

constexpr std::size_t longest_fill = 6;

}  // namespace

void fill_gaps(Weather& w, double WeatherHour::*of, const char* name, const std::vector<std::size_t>& lines,
               std::string_view where) {
  auto& h = w.hours;
  for (std::size_t i = 0; i < h.size();) {
    if (!std::isnan(h[i].*of)) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < h.size() && std::isnan(h[end].*of)) ++end;
    if (end - i > longest_fill || (i == 0 && end == h.size()))
      throw bad_input(fmt::format("{}: no figure in {} rows in a row; at most {} are filled in from those around", name,
                                  end - i, longest_fill),
                      fmt::format("{}:{}", where, lines[i]), "fill the gap, or leave those rows out");
    const double before = i > 0 ? h[i - 1].*of : h[end].*of, after = end < h.size() ? h[end].*of : before;
    for (std::size_t k = i; k < end; ++k)
      h[k].*of = before + (after - before) * static_cast<double>(k - i + 1) / static_cast<double>(end - i + 1);
    w.filled += end - i;
    i = end;
  }
}

// EPW: 8 lines of header, then year, month, day, hour 1..24, minute, flags, dry bulb, dew point, humidity,
// pressure. Typical years are put together of months of several, so only month and hour are used.
Weather read_epw(std::string_view content, std::string_view where) {
  Weather w;
  std::vector<std::size_t> lines;
  std::size_t line = 0;
  while (!content.empty()) {
    const auto end = std::min(content.find('\n'), content.size());
    std::string_view text = content.substr(0, end);
    content.remove_prefix(std::min(end + 1, content.size()));
    if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
    ++line;
    std::vector<std::string_view> cells;
    for (std::size_t at = 0; at <= text.size() && cells.size() < 12;) {
      const auto comma = std::min(text.find(',', at), text.size());
      cells.push_back(csv::trimmed(text.substr(at, comma - at)));
      at = comma + 1;
    }
    const std::string place = fmt::format("{}:{}", where, line);
    if (line == 1) {
      w.altitude = NAN;
      if (cells.size() > 9) {
        w.station = fmt::format("{}, {}, {}", cells[1].substr(0, 60), cells[2].substr(0, 60), cells[3].substr(0, 60));
        if (double v = 0; csv::take_number(cells[9], v) && v > -500 && v < 9000) w.altitude = v;
      }
      continue;
    }
    if (line <= 8 || text.empty()) continue;
    if (cells.size() < 10) throw bad_input(fmt::format("{} cells where an EPW row has 35", cells.size()), place);
    if (w.hours.size() == most_weather_rows)
      throw bad_input(fmt::format("more than {} rows", most_weather_rows), place);
    // 99.9 and 999 mark what is missing.
    const auto number = [&](std::size_t i, const char* name, double low, double high, double missing) {
      double v = 0;
      if (cells[i].empty()) return static_cast<double>(NAN);
      if (!csv::take_number(cells[i], v))
        throw bad_input(fmt::format("{}: '{}' is no number", name, cells[i].substr(0, 60)), place);
      if (v >= missing) return static_cast<double>(NAN);
      if (!(v >= low && v <= high))
        throw bad_input(
            fmt::format("{}: '{}' cannot be; {:g} to {:g} is allowed", name, cells[i].substr(0, 60), low, high), place);
      return v;
    };
    WeatherHour h{.wet_celsius = NAN};
    const double month = number(1, "month", 1, 12, 1e9), hour = number(3, "hour", 1, 24, 1e9),
                 day = number(2, "day", 1, 31, 1e9);
    if (std::isnan(month) || std::isnan(hour) || std::isnan(day))
      throw bad_input("a row without month, day and hour", place);
    h.month = static_cast<int>(month);
    h.day = static_cast<int>(day);
    h.hour = static_cast<int>(hour) - 1;
    h.dry_celsius = number(6, "dry bulb", -90, 65, 99.9);
    h.humidity_percent = std::min(number(8, "humidity", 0, 110, 999), 100.0);
    if (std::isnan(number(8, "humidity", 0, 110, 999))) h.humidity_percent = NAN;
    h.pascal = number(9, "pressure", 30000, 110000, 999999);
    w.hours.push_back(h);
    lines.push_back(line);
  }
  if (w.hours.empty()) throw bad_input("no hours follow the 8 lines of the EPW header", std::string(where));
  w.has_dry_bulb = true;
  w.has_pressure = std::any_of(w.hours.begin(), w.hours.end(), [](const auto& h) { return !std::isnan(h.pascal); });
  fill_gaps(w, &WeatherHour::dry_celsius, "dry bulb", lines, where);
  fill_gaps(w, &WeatherHour::humidity_percent, "humidity", lines, where);
  if (w.has_pressure) fill_gaps(w, &WeatherHour::pascal, "pressure", lines, where);
  return w;
}

}  // namespace wattline::physics
