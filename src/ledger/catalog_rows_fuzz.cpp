// Whatever a user puts over the tables of this room is read or refused.
#include <cstdint>
#include <string>
#include <vector>

#include "catalog/loader.h"
#include "kernel/error.h"
#include "ledger/lca/amortise.h"
#include "ledger/lca/card_model.h"
#include "ledger/materials/data.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace wattline;
  static const std::string files[] = {
      "lca_cards.csv",  "lca_components.csv", "lca_electricity.csv",  "lca_server_parts.csv", "lca_transport.csv",
      "lca_values.csv", "lca_categories.csv", "materials_models.csv", "materials_values.csv", "materials_elements.csv"};
  if (size == 0) return 0;
  const std::string& file = files[bytes[0] % std::size(files)];
  try {
    const auto catalog =
        catalog::Loader::load({{file, std::string(reinterpret_cast<const char*>(bytes + 1), size - 1)}});
    if (file.starts_with("materials")) {
      const ledger::materials::Data data(*catalog);
      for (const auto& run : data.runs())
        if (!(run.flop.value >= 0)) __builtin_trap();
      return 0;
    }
    const auto data = ledger::lca::Data::of(*catalog);
    for (const auto& card : data->cards()) {
      const auto a = ledger::lca::Amortiser(data).of(card.name, 3600 * units::s);
      if (a && !(a->climate.sd().base() >= 0)) __builtin_trap();
    }
  } catch (const Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {std::string(1, '\0') + "name,mass [g],chip [mm2],year,source\nNVIDIA L4,150,294,2026,mine\n",
          std::string(1, '\1') + "card,component,GWP,quality,source\nNVIDIA L4,chip,12,proxy,mine\n",
          std::string(1, '\2') + "place,GWP,ADPe,year,source\nFR,0.05,1e-8,2026,mine\n",
          std::string(1, '\5') + "group,name,value,year,source\nspread,primary,1.2,2026,mine\n",
          std::string(1, '\7') + "name,flop,year,source\nMine,1e24,2026,mine\n",
          std::string(1, '\x8') + "group,name,value,year,source\ngrid,mfu,0.1;0.9,2026,mine\n"};
}
