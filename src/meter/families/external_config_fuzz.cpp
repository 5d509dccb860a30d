#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "meter/families/external_config.h"

// Any text is meters with a name and an address, or an Error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline;
  try {
    const auto all = meter::read_meters({reinterpret_cast<const char*>(data), size}, "fuzz.toml",
                                        [](const std::string& name) { return std::optional<std::string>(name); });
    for (const auto& m : all)
      if (m.name.empty() || m.url.empty() == m.file.empty() || m.interval < Duration(0.1)) __builtin_trap();
  } catch (const Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {"[[meter.source]]\nname = \"plug\"\ntype = \"shelly\"\nurl = \"http://10.0.0.9/rpc/Switch.GetStatus?id=0\"\n",
          "[[meter.source]]\nname = \"bmc\"\ntype = \"redfish\"\nurl = \"https://bmc/redfish/v1\"\nuser = \"me\"\n"
          "key_env = \"K\"\ninterval = \"30 s\"\n",
          "[[meter.source]]\nname = \"j\"\ntype = \"json\"\nfile = \"/run/p\"\npower = \"a.0\"\npower_unit = \"kW\"\n",
          "[meter]\nsource = 3\n", "[[meter.source]]\nname = 3\n"};
}
