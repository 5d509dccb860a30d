// Any file given as a list of agents is taken or refused.
#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "meter/fleet/agent_list.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // Files that it names are not for a fuzzer to read.
  if (text.find("file") != text.npos) return 0;
  try {
    wattline::meter::parse_agents(text, "agents.toml");
  } catch (const wattline::Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {"[[agent]]\nurl = \"http://127.0.0.1:9460\"\n",
          "[[agent]]\nname = \"a\"\nurl = \"https://n:1\"\ntimeout = \"2 s\"\nca = "
          "\"x.pem\"\n[[agent]]\nurl=\"https://m\"\n"};
}
