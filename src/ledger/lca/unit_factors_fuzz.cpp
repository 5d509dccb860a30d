#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "ledger/lca/unit_factors_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace wattline;
  static const auto catalog = catalog::Catalog::load();
  static const ledger::lca::Data data(*catalog);
  try {
    const auto factors =
        ledger::lca::read_unit_factors({reinterpret_cast<const char*>(bytes), size}, "factors.csv", data);
    for (const auto& f : factors)
      if (!(f.value >= 0) || f.category > ledger::lca::primary_energy || f.part > ledger::lca::end_of_life)
        __builtin_trap();
  } catch (const Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {"component,category,value\nchip,GWP,0.05\nboard,ADPe,1e-5\n",
          "component;category;value;note\nend of life;WU;730;mine\nupstream transport;TPE;3,5\n",
          "category,value,component\r\nCTUh_c,2.1E-5,heatsink\r\n"};
}
