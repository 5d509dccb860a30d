#include <cstdint>
#include <string>
#include <vector>

#include "meter/families/perf_files.h"

// What describes an event is taken apart without crash or overflow, whatever is there instead.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline::meter;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto event = parse_perf_event(text); event && *event > 0xFFFF) __builtin_trap();
  if (const auto scale = parse_perf_scale(text); scale && !(*scale > 0)) __builtin_trap();
  if (const auto cpus = parse_cpu_list(text); cpus && (cpus->empty() || cpus->size() > 65536)) __builtin_trap();
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {"event=0x02\n", "event=0x02,umask=0x10\n", "2.3283064365386962890625e-10\n", "0,18\n", "0-65535\n",
          "0-9999,7\n"};
}
