// Instants: UTC nanoseconds since 1970 in an int64 (good to the year 2262). Civil time is only for
// reading and showing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kernel/quantity.h"

namespace wattline {

struct Time {
  std::int64_t ns = 0;

  static Time now();
  constexpr auto operator<=>(const Time&) const = default;
  constexpr Duration operator-(Time o) const { return Duration(static_cast<double>(ns - o.ns) * 1e-9); }
  constexpr Time operator+(Duration d) const { return Time{ns + static_cast<std::int64_t>(d.base() * 1e9)}; }
};

// ISO 8601 ("2026-11-24", "2026-11-24T14:03:00Z", with fraction or +hh:mm offset; a space for the T
// and / for - are read too; no zone means UTC), or a Unix time in seconds. Error with the text found.
Time parse_time(std::string_view);
// The ISO 8601 forms alone and without a throw, for readers that try a million cells.
std::optional<Time> try_parse_date_time(std::string_view);
std::string to_string(Time, int fraction_digits = 0);  // "2026-11-24T14:03:00Z"
// How many digits (0, 3, 6 or 9) show the time exactly.
int fraction_digits_of(Time);

// Steady time for measuring durations, in nanoseconds; immune to clock steps.
std::int64_t monotonic_ns();

}  // namespace wattline
