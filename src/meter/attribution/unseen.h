// How much of the machine's busy time no process explains.
//
// The kernel's sum moves in ticks of its clock and the processes' times do not, so that the difference of one moment is
// mostly noise of either sign. What exceeds a few ticks in the sum over time is real: work of processes that came and
// went unseen, of those that may not be seen, and of interrupts.
#pragma once

#include <algorithm>

namespace wattline::meter {

class Unseen {
 public:
  // `noise`: s, how far the two may differ without a cause.
  explicit Unseen(double noise) : noise_(noise) {}

  // Seconds of this tick that nobody is seen to have worked.
  double of(double busy, double seen) {
    balance_ += busy - seen;
    // A sum that lags behind for long is a sum that leaves something out; it is not owed for ever.
    balance_ = std::max(balance_, -50 * noise_);
    const double over = std::clamp(balance_ - noise_, 0.0, std::max(busy, 0.0));
    balance_ -= over;
    return over;
  }

 private:
  const double noise_;
  double balance_ = 0;
};

}  // namespace wattline::meter
