#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "ledger/air/air_parts.h"

// Whatever is read are tonnes of 0 or more, and shares of 0 to 1.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    for (const auto& a : wattline::ledger::read_activities(text, "fuzz"))
      if (!(a.tonnes >= 0) || !std::isfinite(a.tonnes) || a.part.empty()) __builtin_trap();
  } catch (const wattline::Error&) {}
  try {
    for (const auto& m : wattline::ledger::read_measures(text, "fuzz")) {
      if (!(m.electricity >= 0 && m.electricity <= 1)) __builtin_trap();
      for (const double left : m.generators)
        if (!(left >= 0 && left <= 1)) __builtin_trap();
    }
  } catch (const wattline::Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      "part,what,amount,pollutant,factor_kg,years\nconstruction,concrete,1200,co2,300,20\ncommuting,cars,9e5,nox,2e-4,"
      "\n",
      "measure,applies_to,pollutant,reduction_percent,cost_usd\nstorage,electricity,co2,20,1e6\n"
      "filter,generators,pm,85,\nfilter,generators,all,10,5\n"};
}
