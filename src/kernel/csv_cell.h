// What a CSV cell can be read as. None of these throws or allocates: a reader tries millions.
#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>

#include "kernel/time.h"

namespace wattline::csv {

inline std::string_view trimmed(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
  return s;
}

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

// How other programs write that there is no value. "-" and "None" are left to text columns.
inline bool is_missing(std::string_view s) {
  return s.empty() || s == "NA" || s == "N/A" || s == "n/a" || s == "NaN" || s == "nan" || s == "null" ||
         s == "NULL" || s == "[N/A]" || s == "[Not Supported]";
}

// "007" is a name that happens to be digits: a number would lose its zeros.
inline bool has_leading_zero(const char* p, const char* end) {
  return end - p > 1 && p[0] == '0' && is_digit(p[1]);
}

inline std::optional<std::int64_t> read_integer(std::string_view s) {
  s = trimmed(s);
  const char *p = s.data(), *end = p + s.size();
  const bool negative = p != end && *p == '-';
  if (p != end && (*p == '-' || *p == '+')) ++p;
  if (p == end || has_leading_zero(p, end)) return std::nullopt;
  if (end - p <= 18) {
    std::int64_t value = 0;
    for (; p != end; ++p) {
      if (!is_digit(*p)) return std::nullopt;
      value = value * 10 + (*p - '0');
    }
    if (negative && value == 0) return std::nullopt;  // -0 is a number of its own
    return negative ? -value : value;
  }
  std::int64_t value = 0;
  if (!is_digit(*p)) return std::nullopt;
  const auto [stop, ec] = std::from_chars(negative ? p - 1 : p, end, value);
  // The smallest integer stands for a missing one.
  if (ec != std::errc() || stop != end || value == INT64_MIN) return std::nullopt;
  return value;
}

std::optional<double> read_number_slowly(std::string_view s);

// Decimal point only; "inf" and "-inf" are numbers. Too large for a double is none.
inline std::optional<double> read_number(std::string_view s) {
  static constexpr double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                      1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
  // At most 15 digits without exponent: the quotient of two exact doubles is rounded once, so it is
  // the nearest double (Clinger 1990). Everything else takes the general way.
  const char *p = s.data(), *end = p + s.size();
  const bool negative = p != end && *p == '-';
  if (negative) ++p;
  if (end - p > 16 || p == end || has_leading_zero(p, end)) return read_number_slowly(s);
  std::uint64_t digits = 0;
  const char* begin = p;
  for (; p != end && is_digit(*p); ++p) digits = digits * 10 + static_cast<std::uint64_t>(*p - '0');
  std::ptrdiff_t count = p - begin, places = 0;
  if (p != end && *p == '.') {
    const char* point = p++;
    for (; p != end && is_digit(*p); ++p) digits = digits * 10 + static_cast<std::uint64_t>(*p - '0');
    places = p - point - 1;
    count += places;
  }
  if (p != end || count == 0 || count > 15) return read_number_slowly(s);
  const double value = static_cast<double>(digits) / powers[places];
  return negative ? -value : value;
}

inline std::optional<bool> read_flag(std::string_view s) {
  s = trimmed(s);
  if (s == "true" || s == "True" || s == "TRUE") return true;
  if (s == "false" || s == "False" || s == "FALSE") return false;
  return std::nullopt;
}

}  // namespace wattline::csv
