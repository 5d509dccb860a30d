#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "meter/traces/power_trace.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const auto trace = wattline::meter::read_power_trace(text, "fuzz");
    for (const auto& c : trace.channels) {
      if (c.power.size() == 0 || c.power.size() != c.power.values.size()) __builtin_trap();
      for (std::size_t i = 1; i < c.power.size(); ++i)
        if (c.power.times[i] <= c.power.times[i - 1]) __builtin_trap();
      for (const double v : c.power.values)
        if (v < 0) __builtin_trap();
    }
  } catch (const wattline::Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      "timestamp, name, utilization.gpu [%], power.draw [W]\n2023/03/09 01:39:26.192, NVIDIA A100, 0 %, 8.64 W\n"
      "2023/03/09 01:39:27.197, NVIDIA A100, 0 %, [N/A]\n2023/03/09 01:39:28.19, NVIDIA",
      "timestamp,gpu_name,gpu_usage,gpu_power_draw\n2022-12-05 18:57:23.151,RTX,0 %,10.36 W\n",
      "Time,07-14-2023 10:12:46.483,Watts,231.2,Volts,230,Amps,1,PF,0.9,Mark,run\nTime,07-14-2023 "
      "10:12:47.483,Watts,x\n",
      "*** Sampled system activity (Wed Nov  9 14:37:22 2022 +0100) (1006.61ms elapsed) ***\nCPU Power: 1234 mW\n"
      "Combined Power (CPU + GPU + ANE): 2000 mW\n",
      "time,component,power [W],source,method,kind,load "
      "[%]\n2026-11-24T14:03:00Z,package-0,12.5,rapl,measured,energy,50\n"
      "2026-11-24T14:03:01Z,package-0,,rapl,measured,energy,50\n",
      "timestamp,run_id,duration,cpu_energy,gpu_energy,ram_energy\n2026-11-24T14:03:00,a,15,0.0004,0,5e-5\n"
      "2026-11-24T14:03:15,a,30,0.0008,0,1e-4\n",
      "t;power\n1;2\n"};
}
