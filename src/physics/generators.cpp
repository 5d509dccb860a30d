#include "physics/generators.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/units.h"

namespace wattline::physics {

const std::vector<std::string>& tier_names() {
  static const std::vector<std::string> names = {"uncontrolled", "controlled", "tier2", "tier4"};
  return names;
}
const std::vector<std::string>& pollutant_names() {
  static const std::vector<std::string> names = {"co2", "nox", "pm", "co", "so2", "voc"};
  return names;
}

GeneratorFactors::GeneratorFactors(const catalog::Catalog& catalog) {
  const auto& all = catalog.factors();
  const auto known = [&](const std::string& id) {
    return std::any_of(all.begin(), all.end(), [&](const auto& f) { return f.id == id; });
  };
  for (std::size_t t = 0; t < rows_.size(); ++t)
    for (std::size_t p = 0; p < pollutants; ++p) {
      const std::string what = static_cast<Pollutant>(p) == Pollutant::so2 ? "so2_per_sulphur" : pollutant_names()[p];
      std::string id = fmt::format("air.generator.{}.{}", tier_names()[t], what);
      if (!known(id)) id = "air.generator.uncontrolled." + what;
      rows_[t][p] = {catalog.factor(id).value, id};
    }
  cold_hours_ = catalog.factor("air.scr.cold").value / 60;
}

double GeneratorFactors::grams_per_kwh(Tier tier, Pollutant p, double sulphur) const {
  const double value = rows_[static_cast<std::size_t>(tier)][static_cast<std::size_t>(p)].value;
  return p == Pollutant::so2 ? value * 100 * sulphur : value;
}

Grams GeneratorFactors::emitted(const GeneratorFleet& fleet, const GeneratorRun& run) const {
  Grams out{};
  const double work = fleet.units * fleet.rated.in(units::kW)*run.load;  // kWh in an hour
  for (std::size_t p = 0; p < pollutants; ++p) {
    const auto pollutant = static_cast<Pollutant>(p);
    const double cold =
        fleet.tier == Tier::tier4 && pollutant == Pollutant::nox ? std::min(run.starts * cold_hours_, run.hours) : 0;
    out[p] = work * ((run.hours - cold) * grams_per_kwh(fleet.tier, pollutant, fleet.sulphur) +
                     cold * grams_per_kwh(Tier::tier2, pollutant, fleet.sulphur));
  }
  return out;
}

std::vector<FactorUse> GeneratorFactors::factors(Tier tier, const catalog::Catalog& catalog) const {
  std::vector<FactorUse> out;
  for (const auto& row : rows_[static_cast<std::size_t>(tier)]) out.push_back(catalog.factor(row.id).use());
  if (tier == Tier::tier4) {
    out.push_back(catalog.factor(rows_[2][static_cast<std::size_t>(Pollutant::nox)].id).use());
    out.push_back(catalog.factor("air.scr.cold").use());
  }
  return out;
}

}  // namespace wattline::physics
