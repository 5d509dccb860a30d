#include "physics/primary_energy.h"

#include "kernel/error.h"

namespace wattline::physics {
namespace {

bool burns(const std::string& fuel) { return fuel == "coal" || fuel == "gas" || fuel == "oil" || fuel == "biofuel"; }
bool is_fossil(const std::string& fuel) { return burns(fuel) && fuel != "biofuel"; }

std::string efficiency_id(const std::string& fuel, PrimaryConvention convention) {
  if (burns(fuel)) return "primary.efficiency." + fuel;
  switch (convention) {
    case PrimaryConvention::direct: return "primary.direct";
    case PrimaryConvention::substitution: return "primary.substitution";
    case PrimaryConvention::physical: break;
  }
  if (fuel == "nuclear") return "primary.physical.nuclear";
  return fuel == "other" ? "primary.physical.geothermal" : "primary.physical.flow";
}

}  // namespace

const std::vector<std::string>& primary_convention_names() {
  static const std::vector<std::string> names = {"physical", "direct", "substitution"};
  return names;
}

PrimaryEnergy primary_energy(const GenerationMix& mix, PrimaryConvention convention, const catalog::Catalog& catalog) {
  const double all = checked_total(mix);
  const auto unknown = mix.find("unidentified");
  const double identified = all - (unknown == mix.end() ? 0 : unknown->second);
  if (!(identified > 0))
    throw bad_input("the generation mix has no amount of an identified fuel", "mix",
                    "give for example 'hydro=60,gas=30,solar=10' in any one unit");
  PrimaryEnergy out;
  out.identified = identified / all;
  for (const auto& [fuel, amount] : mix) {
    if (fuel == "unidentified" || amount == 0) continue;
    const catalog::Factor& efficiency = catalog.factor(efficiency_id(fuel, convention));
    const auto part = Estimate<Ratio>::exact(Ratio(amount / identified)) / Estimate<Ratio>(efficiency.estimate());
    if (is_fossil(fuel)) out.fossil += part;
    else if (fuel == "nuclear") out.nuclear += part;
    else out.renewable += part;
    out.factors.push_back(efficiency.use());
  }
  out.total = out.fossil + out.nuclear + out.renewable;
  return out;
}

}  // namespace wattline::physics
