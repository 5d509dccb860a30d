#include <string>
#include <vector>

#include "kernel/error.h"
#include "policy/evaluate/feedback_log.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline;
  try {
    const auto log = policy::read_feedback_log(std::string_view(reinterpret_cast<const char*>(data), size), "fuzz");
    static const auto selector = policy::make_selector("cheapest_adequate", {}, "fuzz");
    policy::judge_on_feedback(log, *selector, 0, 2, 1);
  } catch (const Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      R"({"quality":1,"model":"small","energy_j":10,"propensity":0.5,"candidates":[{"model":"small","quality":0.9,"energy_j":10},{"model":"large","quality":null,"energy_j":null,"able":false}]})"
      "\n"
      R"({"quality":0,"model":"x"})"};
}
