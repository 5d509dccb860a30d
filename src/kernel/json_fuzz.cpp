#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "kernel/json.h"
#include "kernel/units.h"

// Whatever parses must print and parse again to the same thing; quantities must never crash.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const wattline::Json j = wattline::parse_json(text);
    if (!(wattline::parse_json(j.dump()) == j)) __builtin_trap();
  } catch (const wattline::Error&) {
  }
  try {
    wattline::parse_quantity(text, wattline::Energy::dimension, "J");
  } catch (const wattline::Error&) {
  }
  try {
    wattline::parse_quantity(text, wattline::Duration::dimension);
  } catch (const wattline::Error&) {
  }
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {R"({"a":[1,2.5e3,-0,true,null,"x\u00e9\n"],"b":{"c":{}}})", "[[[[]]]]", "12 kWh", "1h30m",
          "-3e2 gCO2e/kWh", "4 m^2*K/W", "\"\\ud83d\\ude00\"", "123456789012345678901234567890"};
}
