#include <cstdint>
#include <string>
#include <vector>

#include "catalog/intensity/intensity_readers.h"
#include "kernel/error.h"

using namespace wattline;
using namespace wattline::catalog;

// Whatever is read is in order, finite, and each moment is there once.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto format : {IntensityFormat::csv, IntensityFormat::electricity_maps, IntensityFormat::watttime}) try {
      const IntensityFile f = read_intensity(format, text, "input");
      if (f.samples.empty()) __builtin_trap();
      for (std::size_t i = 0; i < f.samples.size(); ++i) {
        if (!(f.samples[i].grams >= -1e9 && f.samples[i].grams <= 1e9)) __builtin_trap();
        if (i > 0 && f.samples[i - 1].begin >= f.samples[i].begin) __builtin_trap();
      }
    } catch (const Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      "time,value [gCO2e/kWh],estimated\n2026-01-01T00:00Z,31,true\n2026-01-01T01:00+01:00,28,false\n",
      "date;x (kg/MWh)\n2026-01-01;1.5\n1795529000;\n",
      R"({"zone":"FR","carbonIntensity":302,"datetime":"2026-04-25T18:00:00.000Z","emissionFactorType":"lifecycle","isEstimated":true})",
      R"({"zone":"DE","temporalGranularity":"hourly","history":[{"zone":"DE","carbonIntensity":400,"datetime":"2026-04-25T01:00:00Z","isEstimated":false},{"carbonIntensity":null,"datetime":"2026-04-25T02:00:00Z"}]})",
      R"({"data":[{"point_time":"2026-04-25T00:00:00+00:00","value":1000.0}],"meta":{"region":"CAISO_NORTH","signal_type":"co2_moer","units":"lbs_co2_per_mwh","data_point_period_seconds":300,"model":{"date":"2023-03-01"},"generated_at":"2026-04-25T00:02:00+00:00"}})"};
}
