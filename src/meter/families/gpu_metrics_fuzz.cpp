#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "meter/families/gpu_metrics.h"

// Whatever lies in the driver's table: joules that are finite and positive, or nothing.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline::meter;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const bool mi200 : {false, true})
    if (const auto m = parse_gpu_metrics(bytes, mi200); m && !(std::isfinite(m->joules) && m->joules > 0))
      __builtin_trap();
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  std::vector<std::string> out;
  for (const char content : {'\x01', '\x03', '\x04', '\x05', '\x06', '\x08'}) {
    std::string table(128, '\x05');
    table[0] = static_cast<char>(table.size());
    table[1] = 0;
    table[2] = 1;
    table[3] = content;
    out.push_back(table);
  }
  return out;
}
