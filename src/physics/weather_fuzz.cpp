#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "physics/weather.h"

// Whatever is read holds whole hours with figures that can be.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto w = wattline::physics::read_weather({reinterpret_cast<const char*>(data), size}, "fuzz");
    if (w.hours.empty()) __builtin_trap();
    for (const auto& h : w.hours) {
      if (h.month < 1 || h.month > 12 || h.hour < 0 || h.hour > 23 || h.day < 1 || h.day > 31) __builtin_trap();
      if (!(h.load >= 0)) __builtin_trap();
      if (w.has_dry_bulb && std::isnan(h.dry_celsius)) __builtin_trap();
      if (w.has_wet_bulb ? std::isnan(h.wet_celsius) : std::isnan(h.humidity_percent)) __builtin_trap();
    }
  } catch (const wattline::Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {"time,temperature [°C],humidity [%]\n2025-07-01T00:00,20,50\n2025-07-01T01:00,21.5,48\n",
          "timestamp;temp_f;rh [1];pressure [hPa];load_kw\n2025-01-31 23:00;68;0.5;900;12\n2025-01-31 23:30;;;;\n",
          "time,wet bulb [K]\n2025-01-31,290\n",
          "LOCATION,S,XX,YYY,TMY3,1,0,0,0,809.0\n2\n3\n4\n5\n6\n7\n8\n2003,1,1,1,0,?9,5.6,-2.9,53,92100,0,0\r\n"
          "1999,1,1,2,0,?9,99.9,-2.6,999,92100\n"};
}
