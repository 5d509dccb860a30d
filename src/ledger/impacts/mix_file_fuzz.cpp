#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "ledger/impacts/mix_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace wattline;
  static const auto catalog = catalog::Catalog::load();
  try {
    for (const auto& [place, mix] :
         ledger::read_mixes({reinterpret_cast<const char*>(bytes), size}, "mix.csv", *catalog))
      if (!(physics::checked_total(mix) > 0)) __builtin_trap();
  } catch (const Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {"fuel,generation\nhydro,60\ngas,40\n", "place,fuel,share\nUS-CA,gas,0.5\nUS-CA,solar,0.5\nFR,nuclear,1\n",
          "place;fuel;generation [TWh]\r\nWORLD;coal;1e4\r\n"};
}
