#include <cstdint>
#include <string>
#include <vector>

#include "catalog/intensity/provider_families.h"
#include "catalog/intensity/provider_http.h"

using namespace wattline;
using namespace wattline::catalog;

// Whatever a provider, or what stands in for it, answers: values in order and finite, lists, or an Error; words for
// people that are short and on one line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto tried = [](auto&& read) {
    try {
      read();
    } catch (const Error&) {}
  };
  for (const bool marginal : {false, true})
    tried([&] {
      check_is_json(text, "application/json", "input");
      const IntensityFile f = answer_of(text, "input", [&](const auto& where) {
        return marginal ? read_watttime(text, where, true) : read_electricity_maps(text, where, true);
      });
      for (std::size_t i = 0; i < f.samples.size(); ++i) {
        if (!(f.samples[i].grams >= -1e9 && f.samples[i].grams <= 1e9)) __builtin_trap();
        if (i > 0 && f.samples[i - 1].begin >= f.samples[i].begin) __builtin_trap();
      }
    });
  tried([&] { names_of_zones(text); });
  tried([&] { names_of_regions(text); });
  tried([&] {
    if (token_of(text).empty()) __builtin_trap();
  });
  const std::string words = words_of(text);
  if (words.size() > 300 || words.find('\n') != std::string::npos) __builtin_trap();
  if (const auto wait = retry_after(text, Time{}); wait && !(wait->base() >= 0)) __builtin_trap();
  tried([&] { IntensityProviders::parse(text, "input"); });
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      R"({"zone":"FR","temporalGranularity":"hourly","data":[{"zone":"FR","carbonIntensity":41,"datetime":"2026-04-25T01:00:00.000Z","emissionFactorType":"lifecycle","isEstimated":false,"estimationMethod":null}]})",
      R"({"zone":"FR","carbonIntensity":302,"datetime":"2026-04-25T18:07:00.350Z","isEstimated":true,"estimationMethod":"TIME_SLICER_AVERAGE"})",
      R"({"data":[{"point_time":"2026-04-25T00:00:00+00:00","value":870}],"meta":{"region":"CAISO_NORTH","signal_type":"co2_moer","units":"lbs_co2_per_mwh","data_point_period_seconds":300,"model":{"date":"2023-03-01"},"warnings":[]}})",
      R"({"FR":{"zoneName":"France"},"US-CAL-CISO":{"countryName":"USA"}})",
      R"({"signal_types":[{"signal_type":"co2_moer","regions":[{"region":"PJM_NJ","region_full_name":"PJM New Jersey"}]}]})",
      R"({"token":"a.b.c"})",
      R"({"error":"Request unauthorized for zoneKey=FR","message":"You do not have access"})",
      "Thu, 26 Nov 2026 03:00:30 GMT",
      "120",
      "<html><body>log in</body></html>",
      "[electricity-maps]\nurl = 'https://h/v3'\ndeadline = '20 s'\nretries = 1\n[watttime.zones]\nUS-CA = "
      "'CAISO_NORTH'\n"};
}
