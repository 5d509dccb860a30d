// One cumulative energy counter, followed from reading to reading: what has been added since the one before, and
// whether that can be trusted.
//
// A value below the one before is a wrap when the counter has a range and the rise that this implies can have been
// drawn in the time between, else a reset (driver loaded anew, machine slept), of which nothing is guessed. A counter
// that does not wrap and steps back by next to nothing is noisy (seen on AMD GPUs): the step is no energy, and no
// reset. A jump that nothing can have drawn is not energy either.
#pragma once

#include <cstdint>
#include <optional>

#include "kernel/quantity.h"

namespace wattline::meter {

class CounterSteps {
 public:
  // `range`: J at which the counter starts again at 0; 0: it does not. `most`: no component draws more. `update`: how
  // often the counter is renewed.
  CounterSteps(double range, Power most, Duration update) : range_(range), most_(most), update_(update) {}

  enum class Kind { first, rise, wrap, reset, noise };
  struct Step {
    Kind kind = Kind::first;
    double joules = 0;  // added since the reading before; 0 where it is not known
    Duration length{0};  // since the reading before
    bool known = false;  // the joules are those of the length
    bool least = false;  // so long that it may have wrapped once more: at least so many
  };
  // `at`: ns of a clock that goes on while the machine sleeps; `value`: J, finite. `slept`: since the reading before,
  // so that a step back is a reset.
  Step next(std::int64_t at, double value, bool slept = false);
  bool begun() const { return last_.has_value(); }

 private:
  double range_;
  Power most_;
  Duration update_;
  std::optional<double> last_;
  std::int64_t at_ = 0;
};

}  // namespace wattline::meter
