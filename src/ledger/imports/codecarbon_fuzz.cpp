#include <string>
#include <vector>

#include "ledger/imports/import_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  wattline::ledger::imports::fuzz_import(wattline::ledger::imports::Format::codecarbon, data, size);
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  const std::string csv =
      "timestamp,project_name,run_id,duration,emissions,cpu_energy,gpu_energy,ram_energy,energy_consumed,country_iso_"
      "code,"
      "region,on_cloud,cloud_provider,cloud_region,pue\n"
      "2026-11-24T15:04:51,thesis,a1,3600,0.0168,0.06,0.22,0.02,0.3,FRA,,N,,,1\n"
      "2026-11-24T16:04:51,thesis,a1,7200,0.0168,0.12,0.44,0.04,0.6,USA,california,Y,aws,us-east-1,1.2\n";
  const std::string comma = "timestamp;duration;emissions;energy_consumed\n2026-11-24 15:04;\"1.234,5\";0,1;0,25\n";
  return {std::string(1, '\0') + csv,
          "\x02\xEF\xBB\xBF" + csv,
          "\x03" + comma,
          "\x08" + comma,
          "\x03"
          "a,b\n\"x\ny\",\xFC\n",
          std::string("\x00\xFF\xFEt\0,\0\n\0", 9)};
}
