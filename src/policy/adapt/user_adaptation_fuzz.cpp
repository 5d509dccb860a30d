#include <cmath>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "policy/adapt/user_adaptation.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  wattline::policy::UserAdaptation a;
  try {
    a.restore(wattline::parse_json(std::string_view(reinterpret_cast<const char*>(data), size)));
  } catch (const wattline::Error&) {
    return 0;
  }
  const wattline::Time now{1'700'000'000'000'000'000};
  for (const auto& e : a.entries(now)) {
    a.learn(e.user, e.intent, 1, 0.5, now);
    if (!(std::abs(a.shift(e.user, e.intent, now)) <= 0.15)) __builtin_trap();
  }
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      R"({"version":1,"salt":"0123456789abcdef0123456789abcdef","entries":[{"user":"ab12","intent":"chat","verdicts":1.5,"expected":2.5,"n":3,"at":"2026-01-01T00:00:00Z"}]})"};
}
