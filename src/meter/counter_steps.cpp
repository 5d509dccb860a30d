#include "meter/counter_steps.h"

#include <algorithm>

namespace wattline::meter {

CounterSteps::Step CounterSteps::next(std::int64_t at, double value, bool slept) {
  Step step;
  if (!last_) {
    last_ = value;
    at_ = at;
    return step;
  }
  step.length = Duration(static_cast<double>(std::max<std::int64_t>(0, at - at_)) * 1e-9);
  const double could_rise = (most_ * step.length).base();
  const double of_a_renewal = (most_ * std::max(update_, Duration(1e-3))).base();
  const double rise = value - *last_;
  step.known = true;
  if (rise >= 0) {
    step.kind = Kind::rise;
    step.joules = rise;
    // The bound is a guess of what a component may draw, so that it is held against a counter with room to spare.
    if (rise > 4 * (could_rise + of_a_renewal)) step.kind = Kind::reset;
  } else if (!slept && range_ > 0 && rise + range_ >= 0 && rise + range_ <= could_rise) {
    step.kind = Kind::wrap;
    step.joules = rise + range_;
  } else if (!slept && range_ <= 0 && value > 0 && -rise <= std::min(of_a_renewal, 1e-3 * *last_)) {
    step.kind = Kind::noise;
  } else {
    step.kind = Kind::reset;
  }
  if (step.kind == Kind::reset) {
    step.joules = 0;
    step.known = false;
  }
  step.least = step.known && range_ > 0 && step.joules + range_ <= could_rise;
  // After noise the higher value stays, or the way back up to it would be counted twice.
  if (step.kind != Kind::noise) last_ = value;
  at_ = at;
  return step;
}

}  // namespace wattline::meter
