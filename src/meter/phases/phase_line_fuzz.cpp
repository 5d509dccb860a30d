#include <cstdint>
#include <string>
#include <vector>

#include "meter/phases/phase_line.h"

// A program may write anything: what is taken has a name that can be shown, all else is nothing.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline::meter;
  const auto line = parse_phase_line(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!line) return 0;
  if (line->name.size() > longest_phase_name) __builtin_trap();
  for (const unsigned char c : line->name)
    if (c < 0x20 || c == 0x7f) __builtin_trap();
  if (line->name.empty() && (line->verb == PhaseVerb::begin || line->verb == PhaseVerb::end)) __builtin_trap();
  if (line->seconds && !(*line->seconds >= 0)) __builtin_trap();
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {"begin load", "end load", "mark epoch 3", "begin @12345.678901234 train",
          "next",       "mark",     "begin @x y",   "end \xc3\xa9poque"};
}
