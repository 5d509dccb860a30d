#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "kernel/toml.h"

// Whatever is read is written as a value and read again as the same thing.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline;
  try {
    SourceLines lines;
    const Json v = json_from_toml({reinterpret_cast<const char*>(data), size}, "file", &lines);
    if (lines.parts.size() != v.as_object().size()) __builtin_trap();
    std::string again = "v = ";
    append_toml_value(again, v);
    if (!(json_from_toml(again).at("v") == v)) __builtin_trap();
  } catch (const Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {"a = 1\nb.c = 'x'\n[t]\nx = [1.5, true, 2026-11-26T01:02:03Z]\n[[l]]\nk = { y = \"\\u00e9\" }\n[[l]]\n",
          "\"quoted key\" = \"\"\"\nmany\nlines\"\"\"\nn = 1_000\nh = 0xff\nf = 6.02e23\n"};
}
