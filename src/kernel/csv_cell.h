// What a CSV cell can be read as. None of these throws or allocates: a reader tries millions.
#pragma once

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
  return s.empty() || s == "NA" || s == "N/A" || s == "n/a" || s == "NaN" || s == "nan" || s == "null" || s == "NULL" ||
         s == "[N/A]" || s == "[Not Supported]";
}

// "007" is a name that happens to be digits: a number would lose its zeros.
inline bool has_leading_zero(const char* p, const char* end) { return end - p > 1 && p[0] == '0' && is_digit(p[1]); }

// For the rare forms: signs, exponents, more digits than fit.
std::optional<std::int64_t> read_integer_slowly(std::string_view s);
std::optional<double> read_number_slowly(std::string_view s);

// Into `out`, when the cell is one. (An optional would pass through memory: half the time of a cell.)
inline bool take_integer(std::string_view s, std::int64_t& out) {
  const char *p = s.data(), *end = p + s.size();
  if (p != end && end - p <= 18 && is_digit(*p) && !has_leading_zero(p, end)) {
    std::int64_t value = 0;
    for (; p != end && is_digit(*p); ++p) value = value * 10 + (*p - '0');
    if (p == end) {
      out = value;
      return true;
    }
  }
  const auto value = read_integer_slowly(s);
  if (value) out = *value;
  return value.has_value();
}

// Decimal point only; "inf" and "-inf" are numbers. Too large for a double is none.
inline bool take_number(std::string_view s, double& out) {
  static constexpr double powers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                      1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
  const char *p = s.data(), *end = p + s.size();
  const bool negative = p != end && *p == '-';
  if (negative) ++p;
  if (p != end && end - p <= 16 && !has_leading_zero(p, end)) {
    std::uint64_t digits = 0;
    const char *begin = p, *point = end;
    for (; p != end && is_digit(*p); ++p) digits = digits * 10 + static_cast<std::uint64_t>(*p - '0');
    if (p != end && *p == '.') {
      point = p++;
      for (; p != end && is_digit(*p); ++p) digits = digits * 10 + static_cast<std::uint64_t>(*p - '0');
    }
    const std::ptrdiff_t places = point == end ? 0 : end - point - 1, count = end - begin - (point != end);
    // The quotient of two exact doubles is rounded once, so it is the nearest double (Clinger 1990).
    if (p == end && count > 0 && count <= 15) {
      const double value = static_cast<double>(digits) / powers[places];
      out = negative ? -value : value;
      return true;
    }
  }
  const auto value = read_number_slowly(s);
  if (value) out = *value;
  return value.has_value();
}

inline std::optional<std::int64_t> read_integer(std::string_view s) {
  std::int64_t value = 0;
  return take_integer(s, value) ? std::optional(value) : std::nullopt;
}
inline std::optional<double> read_number(std::string_view s) {
  double value = 0;
  return take_number(s, value) ? std::optional(value) : std::nullopt;
}

inline std::optional<bool> read_flag(std::string_view s) {
  s = trimmed(s);
  if (s == "true" || s == "True" || s == "TRUE") return true;
  if (s == "false" || s == "False" || s == "FALSE") return false;
  return std::nullopt;
}

}  // namespace wattline::csv
