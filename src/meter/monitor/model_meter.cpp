#include "meter/monitor/model_meter.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace wattline::meter {
namespace {

Estimate<Energy> scaled_to(const Estimate<Power>& power, double joules) {
  const double watts = power.value().base();
  return Estimate<Energy>(RawEstimate::scaled(power.raw(), watts > 0 ? joules / watts : 0));
}

}  // namespace

ModelMeter::ModelMeter(HostModel host) : host_(std::move(host)), watts_(std::numeric_limits<double>::quiet_NaN()) {
  // Estimates are too slow for every tick; the curve between two hundredths is a line.
  double before = 0;
  for (std::size_t i = 0; i < watts_by_load_.size(); ++i) {
    before = std::max(before, host_.at(static_cast<double>(i) / 100).value().base());
    watts_by_load_[i] = before;
  }
}

void ModelMeter::lose(double seconds) {
  missing_ += seconds;
  watts_ = std::numeric_limits<double>::quiet_NaN();
}

ComponentMeter::Step ModelMeter::step(std::optional<double> busy, double seconds) {
  if (!busy) {
    lose(seconds);
    trouble_ = "the machine's busy time cannot be read";
    return {};
  }
  trouble_.clear();
  const double load = seconds > 0 ? std::clamp(*busy / (seconds * host_.host().threads), 0.0, 1.0) : 0;
  const double place = load * 100;
  const auto below = std::min(static_cast<std::size_t>(place), watts_by_load_.size() - 2);
  const double part = place - static_cast<double>(below);
  watts_ = watts_by_load_[below] * (1 - part) + watts_by_load_[below + 1] * part;
  ComponentMeter::Step out;
  out.known = true;
  out.joules = watts_ * seconds;
  out.idle = std::min(watts_by_load_[0] * seconds, out.joules);
  joules_ += out.joules;
  idle_ += out.idle;
  busy_ += load * seconds;
  covered_ += seconds;
  return out;
}

ComponentSeen ModelMeter::seen() const {
  ComponentSeen out;
  out.info.component = "cpu";
  out.info.family = "model";
  out.info.device = host_.device();
  out.info.where = "busy CPU time";
  out.info.domain = Domain::cpu;
  out.energy = scaled_to(host_.at(covered_ > 0 ? busy_ / covered_ : 0), joules_);
  out.watts = watts_;
  out.missing = Duration(missing_);
  out.trouble = trouble_;
  return out;
}

Estimate<Energy> ModelMeter::idle() const { return scaled_to(host_.idle(), idle_); }

}  // namespace wattline::meter
