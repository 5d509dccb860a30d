#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "kernel/units.h"

// Quantities are read or refused, and what is shown reads as nearly the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const Dimension d : {Energy::dimension, Duration::dimension, Power::dimension, CarbonIntensity::dimension}) {
    double base = 0;
    try {
      base = parse_quantity(text, d, d == Energy::dimension ? "J" : "");
      if (!std::isfinite(base)) __builtin_trap();
    } catch (const Error&) {
      continue;
    }
    const double again = parse_quantity(format_quantity(base, d, 6), d);
    if (std::abs(again - base) > 1e-5 * std::abs(base)) __builtin_trap();
  }
  try {
    const Unit unit = parse_unit(text);
    if (parse_unit(unit.symbol).dimension != unit.dimension) __builtin_trap();
    friendly_unit(unit.scale, unit.dimension);
    describe(unit.dimension);
  } catch (const Error&) {}
  try {
    if (!(parse_temperature(text).in_kelvin() >= 0)) __builtin_trap();
  } catch (const Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {"12 kWh",    "1h30m",      "-3e2 gCO2e/kWh", "4 m^2*K/W", "0.3725 W/GB", "21 °C", "-5 F",
          "1e308 MWh", "mL/token^2", "1e-300 nJ",      "5 µs",      "TFLOP/s",     "%"};
}
