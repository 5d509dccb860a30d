#include "ledger/rebound/model.h"

#include <cmath>

namespace wattline::ledger {

double use_ratio(const ReboundCase& c) { return std::pow(c.gain, c.share * c.elasticity); }
double energy_ratio(const ReboundCase& c) {
  return std::pow(c.gain, c.share * c.elasticity - 1) * std::exp(c.income_elasticity * c.growth);
}
double expected_saving(const ReboundCase& c) { return 1 - 1 / c.gain; }
double direct_rebound(const ReboundCase& c) {
  // expm1 keeps gains of a thousandth exact.
  return std::expm1(c.share * c.elasticity * std::log(c.gain)) / (c.gain - 1);
}
double total_rebound(const ReboundCase& c) { return direct_rebound(c) + induced_rebound(c); }
double induced_rebound(const ReboundCase& c) {
  const double before = std::pow(c.gain, c.share * c.elasticity - 1);
  return before * std::expm1(c.income_elasticity * c.growth) / expected_saving(c);
}

std::optional<double> break_even_elasticity(const ReboundCase& c) {
  if (!(c.share > 0)) return {};
  return (1 - c.income_elasticity * c.growth / std::log(c.gain)) / c.share;
}

std::optional<double> implied_elasticity(double work, double energy, double share) {
  const double gain = work / energy;
  if (!(gain > 1) || !(share > 0)) return {};
  return std::log(work) / (share * std::log(gain));
}

double money_spared(const ReboundCase& c, double cost) {
  return -cost * std::expm1(c.share * (c.elasticity - 1) * std::log(c.gain));
}

double indirect_rebound(const ReboundCase& c, const IndirectCase& i) {
  return money_spared(c, i.cost) * i.respent * i.grams_per_usd / (i.carbon * expected_saving(c));
}

}  // namespace wattline::ledger
