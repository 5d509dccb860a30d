#include "ledger/materials/cards_consumed.h"

#include <cmath>

namespace wattline::ledger::materials {
namespace {

constexpr double z = 1.959963984540054;  // of 95 %

Consumed around(double value, double down, double up, Interval bounds) {
  return {value, {value * std::exp(-z * down), value * std::exp(z * up)}, bounds, down, up};
}

}  // namespace

double Ranged::sigma_down() const { return range && range->low > 0 ? std::log(value / range->low) / z : 0; }
double Ranged::sigma_up() const { return range && value > 0 ? std::log(range->high / value) / z : 0; }

double lives(double flop, double peak, double mfu, double years, double seconds_per_year) {
  return flop / (peak * mfu * years * seconds_per_year);
}

Consumed consumed(const Training& t) {
  const double extra = (1 + t.spares) / t.busy;
  const auto at = [&](double c, double mfu, double years) {
    return extra * lives(c, t.peak, mfu, years, t.seconds_per_year);
  };
  return around(at(t.flop.value, t.mfu.value, t.years.value),
                std::hypot(t.flop.sigma_down(), t.mfu.sigma_up(), t.years.sigma_up()),
                std::hypot(t.flop.sigma_up(), t.mfu.sigma_down(), t.years.sigma_down()),
                {at(t.flop.low(), t.mfu.high(), t.years.high()), at(t.flop.high(), t.mfu.low(), t.years.low())});
}

Consumed installed(const Training& t, double seconds) {
  const double extra = 1 + t.spares;
  const auto at = [&](double c, double mfu) { return extra * c / (t.peak * mfu * seconds); };
  return around(at(t.flop.value, t.mfu.value), std::hypot(t.flop.sigma_down(), t.mfu.sigma_up()),
                std::hypot(t.flop.sigma_up(), t.mfu.sigma_down()),
                {at(t.flop.low(), t.mfu.high()), at(t.flop.high(), t.mfu.low())});
}

std::int64_t rounded(double cards) { return static_cast<std::int64_t>(std::floor(cards + 0.5)); }

}  // namespace wattline::ledger::materials
