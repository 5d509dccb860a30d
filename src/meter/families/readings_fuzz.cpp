#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "meter/families/ipmi.h"
#include "meter/families/readings.h"

// Whatever a meter answers: a reading that is finite and not negative, or an Error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline;
  using namespace wattline::meter;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto check = [](const ExternalReading& r) {
    for (const auto& v : {r.watts, r.joules})
      if (v && !(std::isfinite(*v) && *v >= 0)) __builtin_trap();
  };
  const std::function<ExternalReadings()> readers[] = {
      [&] { return parse_shelly(text); },
      [&] { return parse_tasmota(text); },
      [&] { return parse_upsc(text); },
      [&] { return parse_dcmi_text(text); },
      [&] { return parse_powermetrics(text); },
      [&] { return parse_ptdaemon(text); },
      [&] { return parse_json_meter(text, "a.0.power", 1, "total", 3600); },
      [&] {
        const auto r = read_redfish(parse_json(text));
        return r ? ExternalReadings{*r} : ExternalReadings();
      },
  };
  for (const auto& read : readers) {
    try {
      for (const auto& r : read()) check(r);
    } catch (const Error&) {}
  }
  try {
    parse_dcmi_response({data, size});
  } catch (const Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {R"({"id":0,"apower":12.5,"aenergy":{"total":1.25}})",
          R"({"meters":[{"power":3.1,"is_valid":true,"total":600}],"emeters":[]})",
          R"({"StatusSNS":{"ENERGY":{"Power":[1,2],"Total":3.5}}})",
          R"({"a":[{"power":"7"}],"total":1e9})",
          R"({"PowerControl":[{"PowerConsumedWatts":null}],"PowerSupplies":[{"PowerInputWatts":100}]})",
          R"({"PowerWatts":{"Reading":344},"EnergykWh":{"Reading":325675}})",
          "ups.load: 23\nups.realpower.nominal: 900\n",
          "    Instantaneous power reading:                   220 Watts\n    Power reading state is:   activated\n",
          "CPU Power: 352 mW\nGPU Power: 25 mW\nANE Power: 0 mW\n",
          "Time,01-31-2024 10:00:00.123,Watts,101.2,Volts,230.1,Amps,0.5,PF,0.9,Mark,run\n",
          std::string("\x00\xdc\xd6\x00\x02\x00\xd4\x01\xb8\x00\x00\x00\x00\x00\xe8\x03\x00\x00\x40", 19)};
}
