// Units at run time: reading "12 kWh" and "475 gCO2e/kWh", printing quantities for people, and the
// unit codes of table columns and result blocks.
#pragma once

#include <string>
#include <string_view>

#include "kernel/quantity.h"

namespace wattline {

// A unit as written ("gCO2e/kWh"): what it measures and how many base units it is.
struct Unit {
  std::string symbol;
  Dimension dimension;
  double scale = 1;
};

// Reads a unit: symbols with SI prefixes joined by '/', '*', '.', with ^n and parentheses-free
// left-to-right meaning ("W/GB", "tokens/s", "mL", "TFLOP/s", "%", ""). Error names the nearest
// known symbols.
Unit parse_unit(std::string_view text);

// Reads "12 kWh", "1.5h", "-3e2 W", "1h30m", "42" (only where `fallback` names a unit) as base units
// of `dimension`. Throws Error when the number is not finite, or the unit measures something else.
double parse_quantity(std::string_view text, Dimension dimension, std::string_view fallback = {});

template <class Q>
Q parse(std::string_view text, std::string_view fallback = {}) {
  return Q(parse_quantity(text, Q::dimension, fallback));
}
Temperature parse_temperature(std::string_view text);  // "21 °C", "21 C", "294 K", "70 F"

// "energy", "power", "carbon per energy" ... for messages.
std::string describe(Dimension);

// A number as people read it: `significant` digits, thousands kept plain, no trailing noise.
std::string format_number(double value, int significant = 4);
// Base units with the prefix that reads best: 0.00032 J -> "320 µJ", 5.4e6 J -> "1.5 kWh".
std::string format_quantity(double base, Dimension, int significant = 4);
// The unit that format_quantity would pick.
Unit friendly_unit(double base, Dimension);

template <Dimension D>
std::string to_string(Quantity<D> q, int significant = 4) {
  return format_quantity(q.base(), D, significant);
}

}  // namespace wattline
