#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "ledger/training/trace.h"

// No log crashes, and what is read has a finite energy that is not negative.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline::ledger::training;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    for (const auto& d : read_trace(text, "log").devices) {
      const TraceEnergy e = integrate(d.power, 10);
      if (!std::isfinite(e.joules) || e.joules < 0 || e.gap_joules > e.joules * (1 + 1e-9)) __builtin_trap();
    }
  } catch (const wattline::Error&) {}
  try {
    read_load(text, "log");
  } catch (const wattline::Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      "timestamp, name, utilization.gpu [%], power.draw [W], power.max_limit [W], temperature.gpu\n"
      "2023/03/09 01:39:26.192, RTX 3090, 0 %, 8.64 W, 350.00 W, 27\n2023/03/09 01:39:27.197, RTX 3090, 0 %, 34.38 W, "
      "350.00 W, 30\n2023/03/09 01:39",
      "time,component,power [W]\n2026-01-01T00:00:00Z,gpu-0,1\n2026-01-01T00:00:01Z,gpu-1,2\n",
      "timestamp,cpu usage (%),temperature (Celsius)\n2023-03-09T01:39:26,0.5,28\n2023-03-09T01:39:27,3,29\n",
      "time;power [mW]\n0;1500\n1;2500\n"};
}
