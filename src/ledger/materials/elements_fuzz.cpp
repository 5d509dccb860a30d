#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "ledger/materials/element_table.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace wattline;
  using namespace wattline::ledger::materials;
  static const auto catalog = catalog::Catalog::load();
  static const Data data(*catalog);
  try {
    const auto elements = read_elements({reinterpret_cast<const char*>(bytes), size}, "elements.csv");
    check_elements(elements, data);
    for (const auto& e : elements)
      if (!(e.grams >= 0) || !std::isfinite(e.grams)) __builtin_trap();
    for (const auto by : {Ranking::mass, Ranking::scarcity, Ranking::price, Ranking::toxicity})
      if (ranked(elements, by).size() != elements.size()) __builtin_trap();
  } catch (const Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {"element,mass_g,class,source,uncertainty\nCu,710,heavy;toxic,lab,0.05\nFe,420,heavy,lab,\n",
          "element,mass [kg],price\nAu,0.0003,60000\nAg,0.0012,900\n",
          "element;mass_g;scarcity;toxicity;recovered\r\nSn;110;0,0162;;0,5\r\n"};
}
