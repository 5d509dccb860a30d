#include "meter/traces/power_trace.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/csv_cell.h"
#include "kernel/error.h"
#include "kernel/utf8.h"

namespace wattline::meter {
namespace {

constexpr double most_watts = 1e9;

// Behind the date: "Z", "+01:00".
bool has_zone(std::string_view text) {
  if (text.ends_with('Z') || text.ends_with('z')) return true;
  const auto colon = text.find(':');
  return colon != text.npos && text.find_first_of("+-", colon) != text.npos;
}

}  // namespace

std::optional<Time> trace_time(std::string_view text, bool* zone_known) {
  text = csv::trimmed(text);
  if (const auto number = csv::read_number(text)) {
    const double v = *number;
    if (!(v >= 0)) return std::nullopt;
    const double scale = v < 1e11 ? 1e9 : v < 1e14 ? 1e6 : v < 1e17 ? 1e3 : 1;
    if (!(v * scale < 9.2e18)) return std::nullopt;
    if (zone_known) *zone_known = true;
    // Microseconds of today have 16 digits: whole numbers stay exact.
    if (const auto whole = csv::read_integer(text)) return Time{*whole * static_cast<std::int64_t>(scale)};
    return Time{static_cast<std::int64_t>(std::llround(v * scale))};
  }
  const auto time = try_parse_date_time(text);
  if (time && zone_known) *zone_known = has_zone(text);
  return time;
}

std::optional<double> trace_watts(std::string_view text, std::string_view unit) {
  text = csv::trimmed(text);
  const auto blank = text.find_last_of("0123456789.");
  if (blank == text.npos) return std::nullopt;
  const std::string_view own = csv::trimmed(text.substr(blank + 1));
  const auto number = csv::read_number(text.substr(0, blank + 1));
  if (!own.empty()) unit = own;
  const double scale = unit.empty() || unit == "W" || unit == "Watt" || unit == "Watts" ? 1
                       : unit == "mW"                                                   ? 1e-3
                       : unit == "kW"                                                   ? 1e3
                       : unit == "uW"                                                   ? 1e-6
                                                                                        : 0;
  if (!number || scale == 0 || !std::isfinite(*number) || *number < 0 || *number * scale > most_watts)
    return std::nullopt;
  return *number * scale;
}

std::string why_no_watts(std::string_view text, std::string_view unit) {
  text = csv::trimmed(text);
  const std::string cell = shown_text(text);
  if (text.empty()) return "an empty cell is no power";
  const auto end = text.find_last_of("0123456789.");
  std::string_view own = end == text.npos ? std::string_view() : csv::trimmed(text.substr(end + 1));
  if (own.empty()) own = unit;
  const auto number = end == text.npos ? std::nullopt : csv::read_number(text.substr(0, end + 1));
  if (!number && text.find(',') != text.npos && text.find_first_not_of("0123456789.,+- ") == text.npos)
    return fmt::format("'{}' has a decimal comma: a point is needed", cell);
  if (!number || !std::isfinite(*number)) return fmt::format("'{}' is no number of watts", cell);
  if (*number < 0) return fmt::format("'{}' is negative", cell);
  if (!own.empty() && !trace_watts("1", own))
    return fmt::format("'{}' of the unit '{}' is no power: W, mW, kW and uW are read", cell, shown_text(own, 20));
  return fmt::format("'{}' is over 1 GW", cell);
}

namespace traces {

void add(TraceChannel& c, Time at, double watts) {
  if (c.power.size() > 0 && at <= c.power.times.back()) {
    ++(at == c.power.times.back() ? c.duplicates : c.steps_back);
    return;
  }
  c.power.add(at, watts);
}

TraceChannel& channel(PowerTrace& trace, const std::string& component) {
  for (auto& c : trace.channels)
    if (c.component == component) return c;
  TraceChannel& made = trace.channels.emplace_back();
  made.component = made.power.name = component;
  made.power.unit = std::string(1, 'W');
  return made;
}

}  // namespace traces

PowerTrace read_power_trace(std::string_view content, std::string_view where) {
  if (content.starts_with("\xef\xbb\xbf")) content.remove_prefix(3);
  PowerTrace out = traces::is_ptdaemon(content)       ? traces::read_ptdaemon(content, where)
                   : traces::is_powermetrics(content) ? traces::read_powermetrics(content, where)
                                                      : traces::read_columns(content, where);
  std::erase_if(out.channels, [](const TraceChannel& c) { return c.power.size() == 0; });
  if (out.channels.empty())
    throw bad_input(fmt::format("{} row{} and none with a time and a power{}{}", out.rows, out.rows == 1 ? "" : "s",
                                out.first_unreadable.empty() ? "" : "; ", out.first_unreadable),
                    std::string(where), "docs/formats/power-traces-read.md says what is read");
  return out;
}

}  // namespace wattline::meter
