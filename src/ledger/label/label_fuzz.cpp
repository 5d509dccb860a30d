#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "ledger/label/entry.h"

// Whatever a card or a table says, amounts are finite and not negative.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline::ledger;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto check = [](const ModelEntry& m) {
    for (const auto& v : {m.emissions, m.size, m.dataset_size, m.downloads, m.parameters})
      if (v && !(std::isfinite(*v) && *v >= 0)) __builtin_trap();
  };
  try {
    check(read_model_card(text, "card"));
  } catch (const wattline::Error&) {}
  try {
    for (const auto& m : read_model_table(text, "table").models) check(m);
  } catch (const wattline::Error&) {}
  if (const auto grams = read_emissions(text.substr(0, 200)); grams && !(*grams >= 0)) __builtin_trap();
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      "---\nco2_eq_emissions:\n  emissions: 149200\n  hardware_used: 8 V100\ntags: [pruned]\n---\n# x\n",
      "modelId,co2_eq_emissions,size,datasets,performance_metrics\na,12.5,100,['x'],\"{'accuracy': 0.9, 'f1': nan}\"\n",
      "1.234,5 kg CO2eq", R"({"id":"a","cardData":{"co2_eq_emissions":1.5},"downloads":3})"};
}
