#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "kernel/time.h"

// What reads as a time is shown as a text that reads as the same time.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto t = try_parse_date_time(text); t && parse_time(text) != *t) __builtin_trap();
  try {
    const Time t = parse_time(text);
    if (parse_time(to_string(t, 9)) != t || parse_time(to_string(t, fraction_digits_of(t))) != t) __builtin_trap();
  } catch (const Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {"2026-11-24",
          "2026-11-24T14:03:00Z",
          "2024-02-29 23:59:60.123456789+05:30",
          "1795528980.25",
          "-1e9",
          "2262-04-11T23:47:15Z",
          "1677-09-22",
          "20261124",
          "9223372035.999999999"};
}
