// Knowledge bases: any bytes are read or refused.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/error.h"
#include "policy/learned/knowledge.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    wattline::policy::read_knowledge(std::string_view(reinterpret_cast<const char*>(data), size), "kb", "fuzz");
  } catch (const wattline::Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      R"({"labels":{"a":{"description":"d","exemplars":["x","y"],"group":"g"}},"metrics":{"m":{"positive":"g","negative":"h"}}})"};
}
