// Whatever a machine that is asked for a snapshot answers: it is read or refused.
#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "meter/agent/fixture.h"
#include "meter/agent/snapshot_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline;
  try {
    const auto p = meter::parse_snapshot({reinterpret_cast<const char*>(data), size});
    // What was read can be told on.
    meter::parse_snapshot(meter::snapshot_json(p));
  } catch (const Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  using namespace wattline::meter;
  Publisher p({}, "node7", "run1");
  return {snapshot_json(*p.publish(tests::snapshot_at(10), {}, wattline::Duration(1))), "{}", "[1]"};
}
