#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "kernel/json.h"

// Whatever parses must print and parse again to the same thing.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const wattline::Json j = wattline::parse_json(text);
    if (!(wattline::parse_json(j.dump()) == j)) __builtin_trap();
  } catch (const wattline::Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {R"({"a":[1,2.5e3,-0,true,null,"x\u00e9\n"],"b":{"c":{}}})", "[[[[]]]]", "\"\\ud83d\\ude00\"",
          "123456789012345678901234567890"};
}
