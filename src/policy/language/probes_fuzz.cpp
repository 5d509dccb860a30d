#include <cstdint>
#include <string>
#include <vector>

#include "policy/language/probes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline::policy;
  std::vector<Finding> faults;
  const ProbeSet set = read_probes({reinterpret_cast<const char*>(data), size}, "file", faults);
  for (const auto& c : set.cases)
    if (const ProbeRequest r(c); r.view().messages.size() != c.messages.size()) __builtin_trap();
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      "schema_version: v1\ndecisions:\n- id: a\n  variants:\n  - id: x\n    query: hello\n    repeat: 3\n"
      "    padding: {text: t, repeat: 2, placement: after}\n    expected_signals: {keywords: [a]}\n    tags: [x]\n",
      "decisions:\n- id: a\n  variants:\n  - id: x\n    messages: [{role: tool, content: x, tool_calls: [{}]}]\n"
      "    tools: [{function: {name: f}}]\ncoverage: {min_tag_counts: {a: 1}}\nacceptance: {min_probe_pass_rate: 1}\n"};
}
