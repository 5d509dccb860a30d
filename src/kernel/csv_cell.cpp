#include "kernel/csv_cell.h"

#include <charconv>
#include <cstdlib>
#include <string>

namespace wattline::csv {

std::optional<std::int64_t> read_integer_slowly(std::string_view s) {
  s = trimmed(s);
  const char *p = s.data(), *end = p + s.size();
  const bool negative = p != end && *p == '-';
  if (p != end && (*p == '-' || *p == '+')) ++p;
  if (p == end || has_leading_zero(p, end) || !is_digit(*p)) return std::nullopt;
  std::int64_t value = 0;
  const auto [stop, ec] = std::from_chars(negative ? p - 1 : p, end, value);
  // The smallest integer stands for a missing one, and -0 is a number of its own.
  if (ec != std::errc() || stop != end || value == INT64_MIN || (negative && value == 0)) return std::nullopt;
  return value;
}

std::optional<double> read_number_slowly(std::string_view s) {
  s = trimmed(s);
  const char *p = s.data(), *end = p + s.size();
  const bool negative = p != end && *p == '-';
  if (p != end && (*p == '-' || *p == '+')) ++p;
  if (p == end || has_leading_zero(p, end)) return std::nullopt;
  double value = 0;
  if (!is_digit(*p) && *p != '.') {
    const std::string_view word(p, static_cast<std::size_t>(end - p));
    if (word != "inf" && word != "Inf" && word != "INF") return std::nullopt;
    value = HUGE_VAL;
  } else {
    const auto [stop, ec] = std::from_chars(p, end, value);
    if (stop != end || ec == std::errc::invalid_argument) return std::nullopt;
    if (ec == std::errc::result_out_of_range) {
      // Too small is 0; too large cannot be held.
      value = std::strtod(std::string(p, end).c_str(), nullptr);
      if (!std::isfinite(value)) return std::nullopt;
    }
  }
  return negative ? -value : value;
}

}  // namespace wattline::csv
