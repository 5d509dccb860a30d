// The processor's joules where no counter can be read: its power by load, from the share of the machine's CPU time that
// was busy. Always modelled.
#pragma once

#include <array>
#include <optional>

#include "meter/host.h"
#include "meter/monitor/component_meter.h"

namespace wattline::meter {

class ModelMeter {
 public:
  explicit ModelMeter(HostModel);

  // `busy`: CPU seconds of the whole machine in this tick; absent: not known, and the tick is missing.
  ComponentMeter::Step step(std::optional<double> busy, double seconds);
  void lose(double seconds);
  const HostModel& host() const { return host_; }
  ComponentSeen seen() const;
  Estimate<Energy> idle() const;
  Duration covered() const { return Duration(covered_); }

 private:
  const HostModel host_;
  std::array<double, 101> watts_by_load_{};  // at each hundredth
  double joules_ = 0, idle_ = 0, busy_ = 0, covered_ = 0, missing_ = 0, watts_;
  std::string trouble_;
};

}  // namespace wattline::meter
