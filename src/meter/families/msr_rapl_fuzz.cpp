#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "meter/families/msr_rapl.h"

// Whatever the kernel writes of a processor and its registers hold.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline::meter;
  std::uint64_t bits = 0;
  std::memcpy(&bits, data, size < sizeof bits ? size : sizeof bits);
  const auto unit = msr_energy_unit(bits);
  if (unit && !(*unit > 0 && *unit < 1)) __builtin_trap();
  const auto cpu = parse_cpu_identity({reinterpret_cast<const char*>(data), size});
  if (cpu && unit)
    if (const auto memory = msr_memory_unit(*cpu, *unit); memory && !(*memory > 0 && *memory < 1)) __builtin_trap();
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {"vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\n\n",
          "vendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 1\n\n",
          std::string("\x03\x0e\x0a\x00\x00\x00\x00\x00", 8)};
}
