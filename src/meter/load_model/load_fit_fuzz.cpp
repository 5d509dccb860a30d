#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "meter/load_model/load_fit.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const auto points = wattline::meter::read_load_points(text, "fuzz", wattline::physics::LoadKind::spread);
    for (const auto& f : wattline::meter::fit_load_curves(points, "fuzz"))
      for (const double w : f.watts)
        if (!(w >= 0)) __builtin_trap();
  } catch (const wattline::Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      "load [%],power [W]\n0,10\n10,12\n30,15\n50,20\n70,30\n90,44\n100,50\n",
      "load_type,cpu_load,rapl_energy,duration\nall_cores,0,1e-4,30\nall_cores,50,2e-4,30\nsome_cores,100,4e-4,30\n",
      "time,component,power [W],load [%]\n2026-01-01T00:00:00Z,cpu,5,0\n2026-01-01T00:00:01Z,cpu,9,100\n"};
}
