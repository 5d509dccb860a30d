// Adds estimates of many rows without making one of each: what is independent of row to row adds by its variance,
// what comes through a shared factor (a meter's gain, a model's constant) adds in full.
#pragma once

#include <map>
#include <set>
#include <string>

#include "kernel/estimate.h"

namespace wattline::ledger {

class EnergySum {
 public:
  EnergySum() = default;
  // From what was kept of one: joules, joules squared, joules by factor.
  EnergySum(double value, double independent_variance, std::map<std::string, double> by_factor,
            std::set<std::string> sources, Method method, bool can_be_negative);

  // The same sources, method and sign, other numbers.
  void set(double value, double independent_variance, std::map<std::string, double> by_factor);
  void add(const Estimate<Energy>&);
  void add(const EnergySum&);
  Estimate<Energy> total() const;

  double value() const { return value_; }
  double independent_variance() const { return independent_variance_; }
  const std::map<std::string, double>& by_factor() const { return by_factor_; }

 private:
  double value_ = 0, independent_variance_ = 0;
  std::map<std::string, double> by_factor_;
  std::set<std::string> sources_;
  Method method_ = Method::measured;
  bool signed_ = false;
};

}  // namespace wattline::ledger
