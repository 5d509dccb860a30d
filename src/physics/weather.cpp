#include "physics/weather.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "kernel/csv_cell.h"
#include "kernel/error.h"
#include "kernel/table.h"
#include "kernel/time.h"
#include "physics/weather_parts.h"

namespace wattline::physics {
namespace {

constexpr std::int64_t hour_ns = 3600ll * 1'000'000'000;

enum class What { time, dry, humidity, wet, pressure, load, none };
constexpr const char* what_names[] = {"time", "dry bulb", "humidity", "wet bulb", "pressure", "load"};

struct Reading {
  What what = What::none;
  double scale = 1, offset = 0;  // to °C, %, Pa
  double low = -1e300, high = 1e300;  // what can be, in that unit
};

std::string word_key(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (std::isalnum(static_cast<unsigned char>(c))) out += static_cast<char>(std::tolower(c));
  return out;
}

// "Dry Bulb [°F]": the key without the unit, and the unit as a key.
struct Heading {
  std::string key, unit;
};
Heading heading(std::string_view cell) {
  cell = csv::trimmed(cell);
  const auto open = cell.find_first_of("[(");
  if (open != std::string_view::npos) return {word_key(cell.substr(0, open)), word_key(cell.substr(open))};
  const auto last = cell.find_last_of("_ ");
  static constexpr std::string_view units[] = {"c",       "f",  "k",   "degc", "degf", "celsius", "fahrenheit", "pct",
                                               "percent", "pa", "hpa", "kpa",  "mbar", "kw",      "w",          "mw"};
  if (last != std::string_view::npos) {
    const std::string unit = word_key(cell.substr(last));
    if (std::find(std::begin(units), std::end(units), unit) != std::end(units))
      return {word_key(cell.substr(0, last)), unit};
  }
  return {word_key(cell), ""};
}

What what_of(const std::string& key) {
  struct Name {
    What what;
    std::string_view key;
  };
  static constexpr Name names[] = {{What::time, "time"},
                                   {What::time, "timestamp"},
                                   {What::time, "datetime"},
                                   {What::time, "date"},
                                   {What::time, "hour"},
                                   {What::dry, "temperature"},
                                   {What::dry, "temp"},
                                   {What::dry, "t"},
                                   {What::dry, "drybulb"},
                                   {What::dry, "drybulbtemperature"},
                                   {What::dry, "airtemperature"},
                                   {What::dry, "temperature2m"},
                                   {What::humidity, "humidity"},
                                   {What::humidity, "rh"},
                                   {What::humidity, "relativehumidity"},
                                   {What::humidity, "relativehumidity2m"},
                                   {What::wet, "wetbulb"},
                                   {What::wet, "wetbulbtemperature"},
                                   {What::wet, "wetbulbtemperature2m"},
                                   {What::wet, "tw"},
                                   {What::pressure, "pressure"},
                                   {What::pressure, "stationpressure"},
                                   {What::pressure, "surfacepressure"},
                                   {What::load, "load"},
                                   {What::load, "itload"},
                                   {What::load, "itpower"},
                                   {What::load, "utilisation"},
                                   {What::load, "utilization"}};
  for (const auto& n : names)
    if (n.key == key) return n.what;
  return What::none;
}

Reading reading(std::string_view cell, const std::string& where) {
  const Heading h = heading(cell);
  Reading r;
  r.what = what_of(h.key);
  const auto refuse = [&](const char* allowed) {
    throw bad_input(fmt::format("column '{}': the unit '{}' is not known", csv::trimmed(cell).substr(0, 60), h.unit),
                    where, fmt::format("write {}", allowed));
  };
  switch (r.what) {
    case What::dry:
    case What::wet:
      r.low = -90;
      r.high = 65;
      if (h.unit == "f" || h.unit == "degf" || h.unit == "fahrenheit") {
        r.scale = 1 / 1.8;
        r.offset = -32 / 1.8;
      } else if (h.unit == "k") {
        r.offset = -273.15;
      } else if (!h.unit.empty() && h.unit != "c" && h.unit != "degc" && h.unit != "celsius") {
        refuse("[°C], [°F] or [K]");
      }
      break;
    case What::humidity:
      r.low = 0;
      r.high = 110;  // worn sensors read a little over 100
      if (!h.unit.empty() && h.unit != "pct" && h.unit != "percent" && h.unit != "1") refuse("[%], or [1] for 0 to 1");
      if (h.unit == "1") r.scale = 100;
      break;
    case What::pressure:
      r.low = 30000;
      r.high = 110000;
      if (h.unit == "hpa" || h.unit == "mbar") r.scale = 100;
      else if (h.unit == "kpa") r.scale = 1000;
      else if (h.unit != "pa" && !h.unit.empty()) refuse("[Pa], [hPa] or [kPa]");
      break;
    case What::load: r.low = 0; break;
    default: break;
  }
  return r;
}

// Days since 1970 to month and day (H. Hinnant's civil_from_days).
void set_clock(WeatherHour& h, std::int64_t ns) {
  std::int64_t seconds = ns / 1'000'000'000 - (ns % 1'000'000'000 < 0);
  std::int64_t days = seconds / 86400 - (seconds % 86400 < 0);
  h.hour = static_cast<int>((seconds - days * 86400) / 3600);
  days += 719468;
  const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const auto doe = static_cast<unsigned>(days - era * 146097);
  const unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const unsigned mp = (5 * doy + 2) / 153;
  h.day = static_cast<int>(doy - (153 * mp + 2) / 5 + 1);
  h.month = static_cast<int>(mp < 10 ? mp + 3 : mp - 9);
}

class CsvReader {
 public:
  CsvReader(std::string_view where) : where_(where) {}

  Weather read(std::string_view content) {
    for_each_csv_row(content, 0, where_, [&](std::size_t line, const std::vector<std::string_view>& cells) {
      if (columns_.empty()) header(line, cells);
      else row(line, cells);
    });
    if (columns_.empty()) throw bad_input("the file is empty; a header line belongs there", std::string(where_));
    if (w_.hours.empty()) throw bad_input("no row follows the header", std::string(where_));
    w_.altitude = NAN;
    if (has(What::dry)) fill_gaps(w_, &WeatherHour::dry_celsius, "dry bulb", lines_, where_);
    if (has(What::humidity)) fill_gaps(w_, &WeatherHour::humidity_percent, "humidity", lines_, where_);
    if (has(What::wet)) fill_gaps(w_, &WeatherHour::wet_celsius, "wet bulb", lines_, where_);
    if (has(What::pressure)) fill_gaps(w_, &WeatherHour::pascal, "pressure", lines_, where_);
    if (has(What::load)) fill_gaps(w_, &WeatherHour::load, "load", lines_, where_);
    return std::move(w_);
  }

 private:
  bool has(What what) const {
    return std::any_of(columns_.begin(), columns_.end(), [&](const Reading& r) { return r.what == what; });
  }

  void header(std::size_t line, const std::vector<std::string_view>& cells) {
    const std::string place = fmt::format("{}:{}", where_, line);
    for (std::size_t i = 0; i < cells.size(); ++i) {
      std::string_view cell = cells[i];
      if (i == 0 && cell.starts_with("\xEF\xBB\xBF")) cell.remove_prefix(3);
      Reading r = reading(cell, place);
      if (r.what != What::none && has(r.what))
        throw bad_input(fmt::format("two columns of {}: '{}' is the second", what_names[static_cast<int>(r.what)],
                                    csv::trimmed(cell).substr(0, 60)),
                        place, "leave one of them");
      columns_.push_back(r);
    }
    const bool pair = has(What::dry) && has(What::humidity);
    if (!has(What::time) || !(pair || has(What::wet)))
      throw bad_input("a column of time is needed, and temperature with humidity, or wet bulb", place,
                      "for example: time,temperature [°C],humidity [%]");
    w_.has_dry_bulb = has(What::dry);
    w_.has_wet_bulb = has(What::wet);
    w_.has_pressure = has(What::pressure);
    w_.has_load = has(What::load);
  }

  void row(std::size_t line, const std::vector<std::string_view>& cells) {
    if (cells.size() != columns_.size())
      throw bad_input(fmt::format("{} cells where the header has {} columns", cells.size(), columns_.size()),
                      fmt::format("{}:{}", where_, line));
    if (w_.hours.size() == most_weather_rows)
      throw bad_input(fmt::format("more than {} rows", most_weather_rows), fmt::format("{}:{}", where_, line));
    WeatherHour h{.dry_celsius = NAN, .humidity_percent = NAN, .wet_celsius = NAN, .pascal = NAN, .load = 1};
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const auto cell = csv::trimmed(cells[i]);
      switch (columns_[i].what) {
        case What::time: clock(h, cell, line); break;
        case What::dry: h.dry_celsius = value(i, cell, line); break;
        case What::humidity: h.humidity_percent = std::min(value(i, cell, line), 100.0); break;
        case What::wet: h.wet_celsius = value(i, cell, line); break;
        case What::pressure: h.pascal = value(i, cell, line); break;
        case What::load: h.load = value(i, cell, line); break;
        case What::none: break;
      }
    }
    if (h.wet_celsius > h.dry_celsius + 0.5)
      throw bad_input(fmt::format("wet bulb {:.1f} °C over dry bulb {:.1f} °C", h.wet_celsius, h.dry_celsius),
                      fmt::format("{}:{}", where_, line), "check the columns and their units");
    w_.hours.push_back(h);
    lines_.push_back(line);
  }

  // The clock's own hours: an offset is read and left alone, since months and hours are those of the place.
  void clock(WeatherHour& h, std::string_view cell, std::size_t line) {
    const bool zoned = cell.size() > 6 && (cell[cell.size() - 6] == '+' || cell[cell.size() - 6] == '-') &&
                       cell[cell.size() - 3] == ':' && cell.find(':') < cell.size() - 3;
    const auto time = try_parse_date_time(zoned ? cell.substr(0, cell.size() - 6) : cell);
    if (!time)
      throw bad_input(fmt::format("time: '{}' is no time", cell.substr(0, 60)), fmt::format("{}:{}", where_, line),
                      "write for example 2025-07-01T14:00");
    set_clock(h, time->ns);
    if (last_) {
      const std::int64_t step = time->ns - last_->ns;
      // The one step back that a clock makes is the end of daylight saving.
      if (step < -hour_ns)
        throw bad_input(fmt::format("time: '{}' lies before the row above", cell.substr(0, 60)),
                        fmt::format("{}:{}", where_, line), "sort the rows by time");
      if (step <= 0) ++w_.repeated;
      if (step > hour_ns) w_.skipped += static_cast<std::size_t>((step - 1) / hour_ns);
    }
    last_ = time;
  }

  double value(std::size_t column, std::string_view cell, std::size_t line) const {
    if (csv::is_missing(cell)) return NAN;
    double v = 0;
    const Reading& r = columns_[column];
    const char* name = what_names[static_cast<int>(r.what)];
    const std::string place = fmt::format("{}:{}", where_, line);
    if (!csv::take_number(cell, v) || !std::isfinite(v))
      throw bad_input(fmt::format("{}: '{}' is no number", name, cell.substr(0, 60)), place);
    v = v * r.scale + r.offset;
    if (v < r.low || v > r.high)
      throw bad_input(
          fmt::format("{}: '{}' cannot be; {:g} to {:g} is allowed", name, cell.substr(0, 60), r.low, r.high), place,
          "check the unit that the header gives");
    return v;
  }

  std::string_view where_;
  std::vector<Reading> columns_;
  std::vector<std::size_t> lines_;
  std::optional<Time> last_;
  Weather w_;
};

}  // namespace

Weather read_weather(std::string_view content, std::string_view where) {
  return content.starts_with("LOCATION,") ? read_epw(content, where) : CsvReader(where).read(content);
}

}  // namespace wattline::physics
