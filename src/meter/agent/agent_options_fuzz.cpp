// Any file given as the agent's configuration is taken or refused.
#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "meter/agent/agent_options.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    meter::AgentOptions o;
    meter::read_agent_file(o, text, "agent.toml");
    meter::parse_door_address(o.listen, "listen");
  } catch (const Error&) {}
  try {
    meter::DoorKeys::parse(text, "keys");
  } catch (const Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {"listen = \"[::1]:1\"\ntop = 3\ninterval = \"10 ms\"\n", "record-every = 15\nplace = \"FR\"\npue = 1.2",
          "# k\n0123456789abcdef\n"};
}
