// The reply of whatever server a workload is sent to: read into figures that can be added up.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "serve/workload.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline::serve;
  try {
    const WorkloadAnswer a = read_answer({reinterpret_cast<const char*>(data), size});
    if (a.tokens < 0) std::abort();
    for (const auto& m : {a.energy, a.carbon, a.water})
      if (m && !std::isfinite(m->value)) std::abort();
    (void)answers(a.text, "12");
  } catch (const wattline::Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      R"({"choices":[{"message":{"content":"12 is it"}}],"usage":{"prompt_tokens":7,"completion_tokens":3,)"
      R"("wattline":{"energy":{"value":1.5,"low":1,"high":2,"unit":"J","method":"modelled"},)"
      R"("carbon":{"value":0.1,"unit":"mgCO2e"},"water":{"value":2,"low":1,"high":3,"unit":"mL","method":"measured"}}}})",
      R"({"choices":[{"message":{"content":null}}],"usage":{"prompt_tokens":1e300}})", R"({"choices":[]})",
      R"({"error":{"message":"no"}})"};
}
