#include "ledger/energy_sum.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "ledger/row.h"

namespace wattline::ledger {

EnergySum::EnergySum(double value, double independent_variance, std::map<std::string, double> by_factor,
                     std::set<std::string> sources, Method method, bool can_be_negative)
    : value_(value),
      independent_variance_(independent_variance),
      by_factor_(std::move(by_factor)),
      sources_(std::move(sources)),
      method_(method),
      signed_(can_be_negative) {}

void EnergySum::set(double value, double independent_variance, std::map<std::string, double> by_factor) {
  value_ = value;
  independent_variance_ = independent_variance;
  by_factor_ = std::move(by_factor);
}

void EnergySum::add(const Estimate<Energy>& e) {
  const RawEstimate& raw = e.raw();
  value_ += raw.value();
  const double sd = raw.independent_sd();
  independent_variance_ += sd * sd;
  for (const auto& [factor, s] : raw.by_factor()) by_factor_[factor] += s;
  for (const auto& source : raw.sources()) sources_.insert(source);
  method_ = std::max(method_, raw.method());
  signed_ = signed_ || raw.can_be_negative();
}

void EnergySum::add(const EnergySum& o) {
  value_ += o.value_;
  independent_variance_ += o.independent_variance_;
  for (const auto& [factor, s] : o.by_factor_) by_factor_[factor] += s;
  // Mostly the same as before: told without looking each up.
  if (!std::includes(sources_.begin(), sources_.end(), o.sources_.begin(), o.sources_.end()))
    sources_.insert(o.sources_.begin(), o.sources_.end());
  method_ = std::max(method_, o.method_);
  signed_ = signed_ || o.signed_;
}

Estimate<Energy> EnergySum::total() const {
  return Estimate<Energy>(restore(value_, std::sqrt(independent_variance_), by_factor_, method_,
                                  {sources_.begin(), sources_.end()}, signed_));
}

}  // namespace wattline::ledger
