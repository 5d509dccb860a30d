#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "kernel/yaml.h"

// Whatever is read is written and read again as the same thing, as YAML and as JSON.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    std::string body;
    const Json v = read_document(text, "file", nullptr, &body);
    if (v.is_object() && !(json_from_yaml(yaml_from_json(v)) == v)) __builtin_trap();
    if (!(parse_json(v.dump()) == v)) __builtin_trap();
  } catch (const Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      "---\nlicense: mit\ntags:\n- pruned\nco2_eq_emissions:\n  emissions: 149200\n  source: \"mlco2\"\n---\n# Card\n",
      "a: &x [1, 2]\nb: *x\nc: {d: '007', e: ~, f: 1e3}\n", "{\"a\": [1, \"b\"]}", "# comment\nkey: value\n",
      "- a\n-\n  - b\n  - {c: d}\n"};
}
