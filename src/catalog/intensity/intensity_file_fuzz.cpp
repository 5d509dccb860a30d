#include <cstdint>
#include <string>
#include <vector>

#include "catalog/intensity/intensity_store.h"
#include "kernel/error.h"

using namespace wattline;
using namespace wattline::catalog;

// What is read is written and read again as the same; means over it stay within its values.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const IntensitySeries s = parse_intensity_series({reinterpret_cast<const char*>(data), size}, "input");
    const IntensitySeries again = parse_intensity_series(to_text(s), "again");
    if (again.samples != s.samples || !(again.name == s.name)) __builtin_trap();
    if (s.samples.empty()) return 0;
    const IntensityMean m = mean_over(s, s.samples.front().begin, s.end_of(s.samples.size() - 1));
    if (!(m.covered >= 0 && m.covered <= 1)) __builtin_trap();
    (void)gaps(s);
  } catch (const Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      R"({"schema":"wattline.intensity.v1","place":"FR","kind":"average","basis":"location","emissions":"lifecycle","imports":[{"file":"a.csv","source":"s","licence":"CC0","zone":"FR","model":"","fetched":"2026-01-02T00:00:00Z","step_s":3600}]})"
      "\ntime,value [gCO2e/kWh],estimated,import\n2026-01-01T00:00:00Z,10,false,0\n2026-01-01T01:00:00Z,20.5,true,0\n"};
}
