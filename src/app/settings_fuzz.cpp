// Any text as a configuration file: options of every command taken from it, or an Error with its line.
#include <cstdint>
#include <string>
#include <vector>

#include "app/rooms.h"
#include "app/settings.h"
#include "kernel/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline;
  try {
    const auto settings = app::Settings::from_text("fuzz.toml", {reinterpret_cast<const char*>(data), size});
    for (const auto& room : app::rooms())
      for (const auto& c : room.capabilities) {
        try {
          options_from_arguments(c, {}, [&](const Field& f) { return settings.find(c, f); });
        } catch (const Error&) {}
      }
  } catch (const Error& e) {
    if (e.where().find("fuzz.toml") == std::string::npos) __builtin_trap();
  }
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {"[defaults]\nplace = \"FR\"\npue = 1.2\n[ledger.green-algorithms]\ncores = 12\nruntime = \"12 h\"\n",
          "[study.compare]\nbootstrap = 100\npaired = true\nvalue = 1979-05-27\n", "\xC3\xA9 = 1\n",
          "defaults = 3\n[ledger]\nreport = []\n",
          "[serve]\nworkload = { url = 'http://x', limit = 0x10, timeout = 1e400 }\n"};
}
